/** The worker: one engine, one job after the other. */
import * as ort from "onnxruntime-web/wasm";
import loaderUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?packed";
import { decode } from "./decode.ts";
import { fetchFile } from "./download.ts";
import { Engine } from "./engine.ts";
import { StylizeError } from "./errors.ts";
import { FramePainter } from "./frames.ts";
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
  ort.env.wasm.numThreads = opening.threads;
  ort.env.wasm.wasmPaths = { mjs: new URL(loaderUrl, import.meta.url).href };
  const ready = fetchFile(new URL(wasmUrl, import.meta.url).href).then(({ buffer }) => {
    ort.env.wasm.wasmBinary = buffer;
  });
  ready.catch(() => {}); // told where it is waited for
  const text = new TextDecoder().decode(await fetchFile(opening.model));
  const model = Model.open(text, (name) => fetchFile(new URL(name, opening.model).href));
  const opened = new Engine(model, new Runtime(ort as unknown as OrtModule, model, "wasm", ready), opening.precision);
  await opened.warmUp();
  engine = opened;
  return {
    modelSha256: model.sha256,
    encoderSha256: model.encoderSha256,
    vectorLength: model.contract.vector_length,
    threads: opening.threads,
  };
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
