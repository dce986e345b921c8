/** Recipes: how a picture was made, kept inside of it; the same as those of `stylize/recipe.py`. */
import { makeControls, type Controls } from "./controls.ts";
import { halfFloat } from "./contract.ts";
import { StylizeError } from "./errors.ts";
import { deflate, inflate, readPngText } from "./png.ts";
import { makeStyle, styleSha256, type StyleVector } from "./styles.ts";

export const PNG_KEY = "stylize-recipe";
const FORMAT = 2;
const MAX_JSON_CHARS = 1_000_000;
const MAX_STYLES = 16;
const MAX_VECTOR_LENGTH = 16_384;
const XMP = /<stylize:recipe>([^<]*)<\/stylize:recipe>|stylize:recipe="([^"]*)"/;

export interface RecipeStyle {
  readonly name: string | null;
  readonly weight: number;
  readonly sha256: string;
  /** Null where it did not fit into the picture. */
  readonly vector: StyleVector | null;
}

export interface Recipe {
  readonly styles: readonly RecipeStyle[];
  readonly controls: Controls;
  readonly maxSidePx: number | null;
  readonly fast: boolean;
  readonly precision: string;
  readonly modelSha256: string;
  readonly encoderSha256: string;
  readonly version: string;
}

export const Recipe = {
  /** The entry of a style. */
  style(vector: StyleVector, name: string | null, weight: number): RecipeStyle {
    return { name, weight, sha256: styleSha256(vector), vector };
  },

  /** The recipe as the JSON that is kept in a PNG. */
  async toJson(recipe: Recipe): Promise<string> {
    const styles = await Promise.all(
      recipe.styles.map(async ({ name, weight, sha256, vector }) => ({
        name, weight, sha256, ...(vector ? { vector: await packVector(vector) } : {}),
      })),
    );
    return JSON.stringify({
      format: FORMAT,
      version: recipe.version,
      styles,
      controls: recipe.controls,
      max_side_px: recipe.maxSidePx,
      fast: recipe.fast,
      precision: recipe.precision,
      model_sha256: recipe.modelSha256,
      encoder_sha256: recipe.encoderSha256,
      masks: 0,
    });
  },

  /**
   * Read a recipe, all of it checked: recipes come from strangers' pictures.
   *
   * @throws {StylizeError} It is damaged, or of a newer version.
   */
  async fromJson(text: string): Promise<Recipe> {
    const record = parse(text);
    if (integer(record, "format", 1, 1e6) > FORMAT) throw tooNew(record);
    const encoderSha256 = hash(record, "encoder_sha256");
    const entries = record["styles"];
    if (!Array.isArray(entries) || entries.length < 1 || entries.length > MAX_STYLES) throw damaged("styles");
    const maxSidePx = record["max_side_px"] == null ? null : integer(record, "max_side_px", 16, 1e6);
    return {
      styles: await Promise.all(entries.map((entry) => readStyle(object(entry, "styles"), encoderSha256))),
      controls: makeControls(object(record["controls"], "controls") as Partial<Controls>),
      maxSidePx,
      fast: record["fast"] === true,
      precision: record["precision"] === "int8" ? "int8" : "fp32",
      modelSha256: hash(record, "model_sha256"),
      encoderSha256,
      version: String(record["version"] ?? ""),
    };
  },
};

const XMP_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ' +
  'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ' +
  'xmlns:stylize="urn:stylize-studio:recipe"><stylize:recipe>';
const XMP_TAIL = '</stylize:recipe></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>';

/** Return the XMP packet that holds a recipe, for files that are no PNG. */
export async function toXmp(recipe: Recipe): Promise<Uint8Array<ArrayBuffer>> {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
  const escaped = (await Recipe.toJson(recipe)).replace(/[&<>"']/g, (character) => names[character]!);
  return new TextEncoder().encode(XMP_HEAD + escaped + XMP_TAIL);
}

/**
 * Return the recipe in the file of a picture; null if it holds none.
 *
 * @throws {StylizeError} It holds a damaged one.
 */
export async function findRecipe(file: Blob): Promise<Recipe | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = await readPngText(bytes, PNG_KEY).catch(() => null);
  if (text !== null) return Recipe.fromJson(text);
  if (file.type === "image/png") return null;
  const found = XMP.exec(new TextDecoder().decode(bytes));
  return found ? Recipe.fromJson(unescapeHtml(found[1] ?? found[2] ?? "")) : null;
}

// The bytes are sorted by significance: the high ones hardly differ and pack well.
async function packVector({ values }: StyleVector): Promise<object> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const planes = bytes.map((_, at) => bytes[4 * (at % values.length) + Math.floor(at / values.length)]!);
  const packed = await deflate(planes);
  const data = btoa(packed.reduce((text, byte) => text + String.fromCharCode(byte), ""));
  return { dtype: "float32", length: values.length, data };
}

async function unpackVector(record: Record<string, unknown>, encoderSha256: string): Promise<StyleVector> {
  const length = integer(record, "length", 1, MAX_VECTOR_LENGTH);
  const size = { float32: 4, float16: 2 }[String(record["dtype"])];
  if (size === undefined || typeof record["data"] !== "string") throw damaged("data");
  let planes: Uint8Array;
  try {
    planes = await inflate(Uint8Array.from(atob(record["data"]), (character) => character.charCodeAt(0)));
  } catch {
    throw damaged("data");
  }
  if (planes.length !== length * size) throw damaged("length");
  const bytes = planes.map((_, at) => planes[(at % size) * length + Math.floor(at / size)]!);
  const view = new DataView(bytes.buffer);
  const at = (index: number): number => (size === 4 ? view.getFloat32(4 * index, true) : halfFloat(view.getUint16(2 * index, true)));
  return makeStyle(Float32Array.from({ length }, (_, index) => at(index)), encoderSha256);
}

async function readStyle(entry: Record<string, unknown>, encoderSha256: string): Promise<RecipeStyle> {
  const { weight, name } = entry;
  if (typeof weight !== "number" || !(weight >= 0 && weight <= 1e6)) throw damaged("weight");
  const sha256 = hash(entry, "sha256");
  const packed = entry["vector"] == null ? null : object(entry["vector"], "vector");
  const vector = packed && (await unpackVector(packed, encoderSha256));
  // Rounded to half precision, a vector keeps the identity of the exact one.
  if (vector && packed["dtype"] === "float32" && styleSha256(vector) !== sha256) throw damaged("sha256");
  return { name: typeof name === "string" ? name.slice(0, 200) : null, weight, sha256, vector };
}

function parse(text: string): Record<string, unknown> {
  if (text.length > MAX_JSON_CHARS) throw damaged("length");
  try {
    return object(JSON.parse(text), "recipe");
  } catch {
    throw damaged("recipe");
  }
}

function object(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw damaged(key);
  return value as Record<string, unknown>;
}

function integer(record: Record<string, unknown>, key: string, low: number, high: number): number {
  const value = record[key];
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) throw damaged(key);
  return value as number;
}

function hash(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw damaged(key);
  return value;
}

function tooNew(record: Record<string, unknown>): StylizeError {
  const finish = record["finish"];
  if (typeof finish !== "number") return damaged("format");
  return new StylizeError(
    "This picture was finished by optimisation, which is not done here. The command line repeats it: stylize image --recipe.",
    "recipe_finished",
  );
}

function damaged(key: string): StylizeError {
  return new StylizeError(
    `The recipe is damaged: its field "${key}" is missing or not what it should be. Take another copy of the picture.`,
    "recipe_damaged", { key },
  );
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", "#39": "'" };
  return text.replace(/&(amp|lt|gt|quot|#x27|#39);/g, (_, name: string) => characters[name]!);
}
