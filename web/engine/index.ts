/** The engine for pages: it paints in a worker of its own, so that the page stays quick. */
import workerUrl from "./worker.ts?worker&url";
import type { Controls } from "./controls.ts";
import type { Sent } from "./decode.ts";
import { StylizeError } from "./errors.ts";
import type { Answer, Failure, Job, Opened, Opening, Request } from "./messages.ts";
import type { Device } from "./gpu.ts";
import type { Precision } from "./model.ts";
import type { StyleVector } from "./styles.ts";

export { CONTROLS, CONTROL_NAMES, makeControls, type Controls } from "./controls.ts";
export { StylizeError, ModelError } from "./errors.ts";
export { encodePng } from "./png.ts";
export { findRecipe, PNG_KEY, Recipe, toXmp, type RecipeStyle } from "./recipe.ts";
export { blend, makeStyle, normalizeBlend, styleSha256, type StyleVector } from "./styles.ts";

/** Anything that a browser can draw, or the file of a picture. */
export type Picture = Blob | ImageData | ImageBitmapSource;

export interface LoadOptions {
  /** Address of the model.json. */
  readonly model: string | URL;
  /** Default: FP32, which paints what Python paints in FP32, to the last bit, and is about as fast. */
  readonly precision?: Precision;
  /**
   * Default: "auto", the graphics processor (WebGPU) where there is one and a short measurement finds
   * it faster than WebAssembly.
   */
  readonly device?: Device;
  /** Default: as many as the device has, up to 4, where the page is isolated from others; else 1. */
  readonly threads?: number;
}

export interface StylizeOptions {
  /** Scale the picture down to this longer side first. */
  readonly maxSidePx?: number;
  /** Enlarge the draft instead of revising it: softer, a fraction of the time. */
  readonly fast?: boolean;
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Called with the draft and every revision but the last, each twice as large. */
  readonly onLevel?: (painted: ImageData) => void;
  /** Ends the work; the promise is rejected with the reason. */
  readonly signal?: AbortSignal;
}

/**
 * Load the engine; about 6 MB are downloaded, and kept by the browser.
 *
 * @throws {StylizeError} A file cannot be had or is damaged.
 */
export async function load(options: LoadOptions): Promise<StylizeEngine> {
  const cores = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const engine = new StylizeEngine({
    model: new URL(options.model, document.baseURI).href,
    precision: options.precision ?? "fp32",
    device: options.device ?? "auto",
    threads: globalThis.crossOriginIsolated ? (options.threads ?? cores) : 1,
  });
  await engine.opened();
  return engine;
}

interface Waiting {
  readonly done: (value: never) => void;
  readonly failed: (error: unknown) => void;
  readonly options: StylizeOptions;
}

/** Encodes styles and stylizes pictures, one after the other. Made by `load`. */
export class StylizeEngine {
  private worker: Promise<Worker> | null = null;
  private model: Opened | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;

  constructor(private readonly opening: Opening) {}

  /** What the model and the engine are, as recipes name them. */
  get description(): Opened & { readonly precision: Precision } {
    if (!this.model) throw new TypeError("the engine is not loaded");
    return { ...this.model, precision: this.opening.precision };
  }

  /** Encode a style picture: 2,000 numbers, which can be kept, mixed by `blend`, and painted with. */
  async encodeStyle(picture: Picture, strokeSize = 1): Promise<StyleVector> {
    return this.ask({ kind: "encode", picture: await send(picture), strokeSize });
  }

  /** Unpack a picture, upright, and scale it down to a longer side: what is painted often is faster then. */
  async prepare(picture: Picture, maxSidePx: number): Promise<ImageData> {
    return this.ask({ kind: "prepare", picture: await send(picture), maxSidePx });
  }

  /**
   * Paint a picture in a style.
   *
   * @returns The painted picture, of the same size or scaled down, with the same transparency.
   * @throws {StylizeError} The picture or a control cannot be used; its message says why.
   */
  async stylize(picture: Picture, style: StyleVector, controls: Partial<Controls> = {}, options: StylizeOptions = {}): Promise<ImageData> {
    options.signal?.throwIfAborted();
    const { maxSidePx, fast = false, onLevel } = options;
    const job: Job = { kind: "stylize", picture: await send(picture), style, controls, maxSidePx, fast, levels: onLevel !== undefined };
    return this.ask(job, options);
  }

  /**
   * Paint a frame of a video or of a camera: a draft in the frame's own size, which sets that of the
   * strokes and the time it takes. Statistics are carried over from the frames before, against flicker.
   */
  async paintFrame(frame: ImageData, style: StyleVector, controls: Partial<Controls> = {}): Promise<ImageData> {
    return this.ask({ kind: "frame", picture: frame, style, controls });
  }

  /** End the worker and give its memory back. The next picture starts another one. */
  close(): void {
    void this.worker?.then((worker) => worker.terminate());
    this.lose(new StylizeError("The engine was closed.", "engine_closed"));
  }

  /** Start the worker, if there is none, and wait until the model is open. */
  opened(): Promise<Worker> {
    this.worker ??= this.start();
    return this.worker;
  }

  private async start(): Promise<Worker> {
    const worker = await makeWorker(new URL(workerUrl, import.meta.url));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.lose(new StylizeError("The painter has stopped. Try again, with a smaller picture if it stops again.", "worker_lost"));
    };
    try {
      this.model = await this.post<Opened>(worker, { kind: "open", opening: this.opening });
    } catch (error) {
      worker.terminate();
      this.worker = null;
      throw error;
    }
    return worker;
  }

  private async ask<T>(job: Job, options: StylizeOptions = {}): Promise<T> {
    return this.post<T>(await this.opened(), job, options);
  }

  private async post<T>(worker: Worker, job: Job, options: StylizeOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    const id = this.count++;
    const request = (message: Request, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
    const abort = (): void => request({ id, abort: true });
    options.signal?.addEventListener("abort", abort, { once: true });
    return new Promise<T>((done, failed) => {
      this.waiting.set(id, { done: done as (value: never) => void, failed, options });
      request({ id, job }, "picture" in job && job.picture instanceof ImageBitmap ? [job.picture] : []);
    }).finally(() => options.signal?.removeEventListener("abort", abort));
  }

  private hear(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    if (!waiting) return;
    const { options, done, failed } = waiting;
    if ("progress" in answer) options.onProgress?.(answer.progress);
    else if ("level" in answer) options.onLevel?.(answer.level);
    else {
      this.waiting.delete(answer.id);
      if ("done" in answer) done(answer.done as never);
      else failed(options.signal?.aborted ? options.signal.reason : revived(answer.failed));
    }
  }

  private lose(error: StylizeError): void {
    this.worker = null;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const { failed } of lost) failed(error);
  }
}

/** Bring a picture into a form that a worker takes. */
function send(picture: Picture): Promise<Sent> | Sent {
  return picture instanceof Blob || picture instanceof ImageData ? picture : createImageBitmap(picture);
}

/** Start a module as a worker; one of another origin by way of a module of this one. */
async function makeWorker(url: URL): Promise<Worker> {
  if (url.origin === location.origin) return new Worker(url, { type: "module" });
  const source = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" }));
  return new Worker(source, { type: "module" });
}

function revived({ name, message, code, values }: Failure): Error {
  if (code !== undefined) return new StylizeError(message, code, values);
  const error = new Error(message);
  error.name = name;
  return error;
}
