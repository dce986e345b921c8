/** The engine in Node, with the model folder of the contract. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { Engine } from "../engine/engine.ts";
import { Model, type Precision } from "../engine/model.ts";
import { Runtime } from "../engine/runtime.ts";

ort.env.wasm.numThreads = 1;

export function openModel(folder: string): Model {
  return Model.open(readFileSync(join(folder, "model.json"), "utf8"), (name) =>
    Promise.resolve(new Uint8Array(readFileSync(join(folder, name)))),
  );
}

export function openEngine(folder: string, precision: Precision): Engine {
  const model = openModel(folder);
  return new Engine(model, new Runtime(ort, model), precision);
}
