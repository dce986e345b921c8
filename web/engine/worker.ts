/** The worker: one engine, one job after the other. */
import jspiLoaderUrl from "onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url";
import jspiWasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?packed";
import loaderUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?packed";
import { decode } from "./decode.ts";
import { fetchFile } from "./download.ts";
import { Engine } from "./engine.ts";
import { StylizeError } from "./errors.ts";
import { useFastest } from "./fastest.ts";
import { FramePainter } from "./frames.ts";
import { canUseGpu } from "./gpu.ts";
import type { Answer, Failure, Job, Opened, Opening, Request } from "./messages.ts";
import { Model } from "./model.ts";
import type { Pixels } from "./pixels.ts";
import { Runtime, type OrtModule } from "./runtime.ts";
import type { StyleVector } from "./styles.ts";

const aborts = new Map<number, AbortController>();
let engine: Engine | null = null;
let frames: FramePainter | null = null;
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Request>) => {
  if ("abort" in data) {
    aborts.get(data.id)?.abort();
    return;
  }
  const control = new AbortController();
  aborts.set(data.id, control);
  last = last.then(() => work(data.id, data.job, control.signal));
};

async function work(id: number, job: Job, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted();
    const done = await run(id, job, signal);
    tell({ id, done });
  } catch (error) {
    tell({ id, failed: failure(error) });
  } finally {
    aborts.delete(id);
  }
}

async function run(id: number, job: Job, signal: AbortSignal): Promise<Opened | StyleVector | ImageData> {
  if (job.kind === "open") return open(job.opening);
  if (!engine) throw new TypeError("no model is open");
  const picture = await decode(job.picture);
  if (job.kind === "prepare") return imageData(engine.prepare(picture, job.maxSidePx));
  if (job.kind === "encode") return engine.encodeStyle(picture, job.strokeSize);
  if (job.kind === "frame") {
    frames ??= new FramePainter(engine);
    return imageData(await frames.paint(picture, job.style, job.controls));
  }
  const painted = await engine.stylize(picture, job.style, job.controls, {
    ...(job.maxSidePx === undefined ? {} : { maxSidePx: job.maxSidePx }),
    fast: job.fast,
    signal,
    pause,
    onProgress: (progress) => tell({ id, progress }),
    ...(job.levels ? { onLevel: (level) => tell({ id, level: imageData(level) }) } : {}),
  });
  return imageData(painted);
}

async function open(opening: Opening): Promise<Opened> {
  const gpu = opening.precision === "fp32" && (await canUseGpu(opening.device));
  const ready = startRuntime(gpu, opening.threads);
  ready.catch(() => {}); // told where it is waited for
  const [text, ort] = await Promise.all([fetchFile(opening.model, "no-cache"), importRuntime(gpu)]);
  const model = Model.open(new TextDecoder().decode(text), (name) => fetchFile(new URL(name, opening.model).href));
  const runtime = new Runtime(ort, model, ready);
  const opened = new Engine(model, runtime, opening.precision);
  await opened.warmUp();
  if (gpu) await useFastest(opened, runtime, opening.device === "webgpu" ? ["webgpu"] : ["wasm", "webgpu"]);
  engine = opened;
  return {
    modelSha256: model.sha256,
    encoderSha256: model.encoderSha256,
    vectorLength: model.contract.vector_length,
    threads: opening.threads,
    provider: runtime.provider,
  };
}

/** The build of ONNX Runtime that uses graphics processors is larger, and not every browser can run it. */
async function importRuntime(gpu: boolean): Promise<OrtModule> {
  return (gpu ? await import("onnxruntime-web/jspi") : await import("onnxruntime-web/wasm")) as unknown as OrtModule;
}

async function startRuntime(gpu: boolean, threads: number): Promise<void> {
  const [loader, wasm] = gpu ? [jspiLoaderUrl, jspiWasmUrl] : [loaderUrl, wasmUrl];
  const binary = fetchFile(new URL(wasm, import.meta.url).href);
  const { env } = await importRuntime(gpu);
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = { mjs: new URL(loader, import.meta.url).href };
  env.wasm.wasmBinary = (await binary).buffer;
}

function imageData({ width, height, data }: Pixels): ImageData {
  return new ImageData(data, width, height);
}

function tell(answer: Answer): void {
  self.postMessage(answer);
}

/** Let messages in: that a job is not wanted any more is one. */
function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

function failure(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  const known = error instanceof StylizeError ? error : undefined;
  return { name, message, code: known?.code, values: known?.values };
}
