/** The visitor's own styles, kept on the device in IndexedDB. */
import { StylizeError } from "../engine/index.ts";

export interface OwnStyle {
  readonly name: string;
  readonly title: string;
  readonly artist: string;
  readonly year: string;
  readonly tags: readonly string[];
  readonly values: Float32Array<ArrayBuffer>;
  readonly encoderSha256: string;
  /** WebP, at most 256 px a side. */
  readonly thumb: Blob;
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const request = indexedDB.open("stylize-styles", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("styles", { keyPath: "name" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

async function within<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  try {
    const database = await open();
    return await new Promise<T>((done, failed) => {
      const transaction = database.transaction("styles", mode);
      const request = use(transaction.objectStore("styles"));
      transaction.oncomplete = () => done(request.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error ?? request.error);
    }).finally(() => database.close());
  } catch (error) {
    const reason = error instanceof DOMException ? error.name : String(error);
    throw new StylizeError(`Your styles cannot be kept on this device (${reason}). Export them before you leave.`, "storage_failed", { reason });
  }
}

export const loadStyles = (): Promise<OwnStyle[]> => within("readonly", (store) => store.getAll() as IDBRequest<OwnStyle[]>);
export const keepStyle = (style: OwnStyle): Promise<IDBValidKey> => within("readwrite", (store) => store.put(style));
export const removeStyle = (name: string): Promise<undefined> => within("readwrite", (store) => store.delete(name) as IDBRequest<undefined>);
