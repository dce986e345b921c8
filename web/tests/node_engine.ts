/** The engine in Node, with the model folder of the contract. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { Engine } from "../engine/engine.ts";
import { Model, type Precision } from "../engine/model.ts";
import { Runtime } from "../engine/runtime.ts";

ort.env.wasm.numThreads = 1;

/** Open a model, some numbers of its contract replaced. */
export function openModel(folder: string, replaced: Record<string, unknown> = {}): Model {
  const description = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as { contract: object };
  description.contract = { ...description.contract, ...replaced };
  return Model.open(JSON.stringify(description), (name) => Promise.resolve(new Uint8Array(readFileSync(join(folder, name)))));
}

export function openEngine(folder: string, precision: Precision, replaced: Record<string, unknown> = {}): Engine {
  const model = openModel(folder, replaced);
  return new Engine(model, new Runtime(ort, model), precision);
}
