/** The visitor's own styles: added from pictures, removed, saved to a file and read from one. */
import type { StylizeEngine, StyleVector } from "../engine/index.ts";
import { save } from "./files.ts";
import { button, complain, make, text } from "./page.ts";
import { readStyles, writeStyles } from "./shared_file.ts";
import type { Styles } from "./styles.ts";

const THUMB_SIDE_PX = 256;

/**
 * Make the row of buttons below the gallery.
 *
 * @param chosen Names of the chosen styles.
 * @param use Called with a style that was added.
 * @param renew Called when styles came or went.
 */
export function ownStylesPanel(
  styles: Styles, engine: Promise<StylizeEngine>, chosen: () => string[], use: (name: string) => void, renew: () => void,
): HTMLElement {
  const pick = (accept: string, take: (file: File) => Promise<void>): HTMLInputElement => {
    const field: HTMLInputElement = make("input", { type: "file", accept, hidden: true, tabindex: -1, onchange: async () => {
      const file = field.files?.[0];
      field.value = "";
      if (file) await take(file).catch(complain);
      mark();
    } });
    return field;
  };
  const picture = pick("image/*", async (file) => {
    add.disabled = true; // encoding takes seconds
    add.setAttribute("aria-busy", "true");
    try {
      const vector = await (await engine).encodeStyle(file);
      use(await takeAsStyle(styles, vector, file, file.name.replace(/\.[^.]*$/, "")));
    } finally {
      add.disabled = false;
      add.removeAttribute("aria-busy");
    }
  });
  const archive = pick(".zip,application/zip", async (file) => {
    const names = [];
    for (const { name, ...style } of await readStyles(file)) names.push(await styles.add(style, name));
    if (names[0]) use(names[0]);
  });
  const add = button("plus", "upload_style", () => picture.click(), { words: true, id: "upload-style" });
  const exported = button("download", "export", async () => save(await writeStyles(styles.own), "styles.zip"), { words: true });
  const remove = button("trash", "remove", async () => {
    for (const name of chosen()) if (styles.get(name)?.own) await styles.remove(name).catch(complain);
    renew();
    mark();
  }, { words: true, id: "remove-style" });
  const note = make("p", { class: "st-hint" }, text("own_styles_device"));
  const mark = (): void => {
    exported.hidden = note.hidden = styles.own.length === 0;
    remove.hidden = !chosen().some((name) => styles.get(name)?.own);
  };
  document.addEventListener("studio-chosen", mark);
  mark();
  return make("div", { class: "st-own" }, add,
    make("div", { class: "st-content-actions" }, button("folder", "import", () => archive.click(), { words: true }), exported, remove), note, picture, archive);
}

/** Add a style whose vector is known; its picture is shown small. Returns its name. */
export async function takeAsStyle(styles: Styles, vector: StyleVector, picture: Blob, title: string): Promise<string> {
  const thumb = await thumbnail(picture);
  return styles.add({ title, artist: "", year: "", tags: [], values: vector.values, thumb }, title);
}

async function thumbnail(picture: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, THUMB_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/webp", quality: 0.85 });
}
