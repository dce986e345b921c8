/** The only place with ONNX Runtime. */
import type * as Ort from "onnxruntime-web";
import { ModelError, StylizeError } from "./errors.ts";
import type { Model } from "./model.ts";

export type OrtModule = typeof Ort;
/** A graph's inputs or outputs: values and shape, by name. */
export type Tensors = Readonly<Record<string, readonly [Uint8Array | Float32Array, readonly number[]]>>;

/** What paints. Measuring and encoding stay on WebAssembly, so that they come out the same everywhere. */
export type Provider = "wasm" | "webgpu";

/** Runs the graphs of a model; each is loaded when it is first needed. */
export class Runtime {
  private readonly sessions = new Map<string, Promise<Ort.InferenceSession>>();
  private painter: Provider = "wasm";

  /** @param ready Settles when ONNX Runtime may start; graphs are downloaded meanwhile. */
  constructor(
    private readonly ort: OrtModule,
    private readonly model: Model,
    private readonly ready: Promise<unknown> = Promise.resolve(),
  ) {}

  get provider(): Provider {
    return this.painter;
  }

  /** Paint with another provider from now on. */
  use(provider: Provider): void {
    this.painter = provider;
  }

  /**
   * Run a graph.
   *
   * @throws {ModelError} The graph is no part of a model that this engine can use.
   * @throws {StylizeError} There is too little memory.
   */
  async run(name: string, inputs: Tensors): Promise<Record<string, Uint8Array | Float32Array>> {
    const session = await this.load(name);
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([key, [values, shape]]) => [key, new this.ort.Tensor(values as Uint8Array, shape)]),
    );
    try {
      const outputs = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(outputs).map(([key, tensor]) => [key, tensor.data as Uint8Array | Float32Array]),
      );
    } catch (error) {
      if (!this.isOnGpu(name)) throw unusable(name, error);
      this.use("wasm"); // the device was lost, or has too little memory
      return this.run(name, inputs);
    }
  }

  private isOnGpu(name: string): boolean {
    return name.startsWith("paint.") && this.painter === "webgpu";
  }

  /** Load a graph now; throws as `run`. */
  load(name: string): Promise<Ort.InferenceSession> {
    const provider = this.isOnGpu(name) ? "webgpu" : "wasm";
    const key = `${name} ${provider}`;
    let session = this.sessions.get(key);
    if (session === undefined) {
      session = this.open(name, provider);
      this.sessions.set(key, session);
      session.catch(() => this.sessions.delete(key)); // a failed download may be tried again
    }
    return session;
  }

  private async open(name: string, provider: Provider): Promise<Ort.InferenceSession> {
    const graph = await this.model.read(name);
    await this.ready;
    try {
      return await this.ort.InferenceSession.create(graph, { executionProviders: [provider], logSeverityLevel: 3 });
    } catch (error) {
      throw unusable(name, error);
    }
  }
}

function unusable(name: string, error: unknown): StylizeError {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError || /alloc|memory/i.test(reason)) {
    return new StylizeError("There is not enough memory for this. Take a smaller picture, or close other programs.", "memory");
  }
  return new ModelError(`${name} cannot be run (${reason.slice(0, 200)})`);
}
