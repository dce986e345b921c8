/** Is there a graphics processor that ONNX Runtime can use here? */

export type Device = "auto" | "wasm" | "webgpu";

/**
 * @param device "webgpu": also one that is only imitated by the processor, which "auto" leaves alone.
 */
export async function canUseGpu(device: Device): Promise<boolean> {
  // Its build of ONNX Runtime suspends WebAssembly while the graphics processor works.
  if (device === "wasm" || !("gpu" in navigator) || !("Suspending" in WebAssembly)) return false;
  const adapter = await (navigator as { gpu: Gpu }).gpu.requestAdapter().catch(() => null);
  return adapter !== null && (device === "webgpu" || !adapter.info.isFallbackAdapter);
}

interface Gpu {
  requestAdapter(): Promise<{ readonly info: { readonly isFallbackAdapter: boolean } } | null>;
}
