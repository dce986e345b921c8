/** The files of a model: model.json and the ONNX graphs that it vouches for. */
import { readContract, type Contract } from "./contract.ts";
import { ModelError } from "./errors.ts";
import { sha256, sha256Quickly } from "./hash.ts";

const FORMAT = 5;

export type Precision = "int8" | "fp32";
/** Returns the bytes of a file in the model's folder. */
export type Fetcher = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

export class Model {
  private constructor(
    readonly contract: Contract,
    private readonly hashes: Readonly<Record<string, string>>,
    private readonly files: Readonly<Record<string, string>>,
    private readonly fetcher: Fetcher,
  ) {}

  /**
   * Read a model.json. It may have `files`, the names under which the graphs are found if those
   * are others than their own.
   *
   * @throws {ModelError} It is damaged or of another format.
   */
  static open(text: string, fetcher: Fetcher): Model {
    let description: Record<string, unknown>;
    try {
      description = JSON.parse(text) as Record<string, unknown>;
    } catch {
      throw new ModelError("model.json is damaged");
    }
    if (description["format"] !== FORMAT) {
      throw new ModelError(`model.json has the format ${String(description["format"])}, this engine reads ${FORMAT}`);
    }
    const hashes = (description["sha256"] ?? {}) as Record<string, string>;
    const files = (description["files"] ?? {}) as Record<string, string>;
    const contract = readContract(description["contract"]);
    const numbers = sha256(new TextEncoder().encode(written(description["contract"] as Record<string, unknown>)));
    return new Model(contract, { ...hashes, contract: numbers }, files, fetcher);
  }

  /** File name of the style encoder. */
  get encoderName(): string {
    return this.has("style_encoder.int8.onnx") ? "style_encoder.int8.onnx" : "style_encoder.onnx";
  }

  /** File name of the graph that measures. */
  get modulatorName(): string {
    return this.has("modulate.onnx") ? "modulate.onnx" : "modulate.int8.onnx";
  }

  /** File name of the graph that paints. */
  painterName(precision: Precision): string {
    return precision === "int8" ? "paint.int8.onnx" : "paint.onnx";
  }

  /** Identity of the style encoder; goes into every style vector. */
  get encoderSha256(): string {
    return this.hashes[this.encoderName] ?? "";
  }

  /** Identity of the whole model, graphs and numbers; goes into every recipe. */
  get sha256(): string {
    const pairs = Object.keys(this.hashes).sort().map((name) => `["${name}", "${this.hashes[name]}"]`);
    return sha256(new TextEncoder().encode(`[${pairs.join(", ")}]`));
  }

  private has(name: string): boolean {
    return name in this.hashes;
  }

  /**
   * Return a graph.
   *
   * @throws {ModelError} It is missing, or is not the one that model.json describes.
   */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const expected = this.hashes[name];
    if (expected === undefined) throw new ModelError(`it has no ${name}`);
    const bytes = await this.fetcher(this.files[name] ?? name);
    const found = await sha256Quickly(bytes);
    if (found !== expected) {
      throw new ModelError(`${name} is damaged: its SHA-256 is ${found.slice(0, 12)}…, model.json says ${expected.slice(0, 12)}…`);
    }
    return bytes;
  }
}

/** Write a contract as every language does, numbers as whole millionths. */
function written(contract: Record<string, unknown>): string {
  const value = (name: string) => (typeof contract[name] === "number" ? Math.round(1e6 * contract[name]) : contract[name] ?? "");
  return Object.keys(contract).sort().map((name) => `${name}=${String(value(name))}`).join("\n");
}
