import { expect, test, vi } from "vitest";
import type { Model } from "../engine/model.ts";
import { Runtime, type OrtModule } from "../engine/runtime.ts";

const model = { read: async () => new Uint8Array() } as unknown as Model;

/** ONNX Runtime whose graphs fail on one provider. */
function fake(failing: string, reason: string): { ort: OrtModule; started: string[] } {
  const started: string[] = [];
  const create = vi.fn(async (_: unknown, { executionProviders: [provider] }: { executionProviders: string[] }) => {
    started.push(provider!);
    return {
      run: async () => {
        if (provider === failing) throw new Error(reason);
        return { picture: { data: Uint8Array.of(7) } };
      },
    };
  });
  return { ort: { InferenceSession: { create }, Tensor: class {} } as unknown as OrtModule, started };
}

test("a lost graphics processor is left, and the picture painted without it", async () => {
  const { ort, started } = fake("webgpu", "GPUDevice was lost");
  const runtime = new Runtime(ort, model);
  runtime.use("webgpu");
  expect(await runtime.run("paint.onnx", {})).toEqual({ picture: Uint8Array.of(7) });
  expect(runtime.provider).toBe("wasm");
  await runtime.run("paint.onnx", {});
  expect(started).toEqual(["webgpu", "wasm"]); // once each
});

test("too little memory is told as what it is", async () => {
  const { ort } = fake("wasm", "failed to allocate a buffer");
  await expect(new Runtime(ort, model).run("paint.onnx", {})).rejects.toMatchObject({ code: "memory" });
});

test("a failed download may be tried again", async () => {
  const { ort } = fake("none", "");
  const read = vi.fn().mockRejectedValueOnce(new Error("no connection")).mockResolvedValue(new Uint8Array());
  const runtime = new Runtime(ort, { read } as unknown as Model);
  await expect(runtime.load("paint.onnx")).rejects.toThrow("no connection");
  await runtime.run("paint.onnx", {});
  expect(read).toHaveBeenCalledTimes(2);
});
