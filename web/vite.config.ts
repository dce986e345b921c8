import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const require = createRequire(import.meta.url);

/** `import url from "package/file?packed"`: the address of that file, packed by gzip. */
function packed(): Plugin {
  return {
    name: "packed",
    enforce: "pre",
    resolveId: (id) => (id.endsWith("?packed") ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith("\0") || !id.endsWith("?packed")) return null;
      const file = require.resolve(id.slice(1, -"?packed".length));
      const name = `${file.split("/").at(-1)}.gz`;
      const reference = this.emitFile({ type: "asset", name, source: gzipSync(readFileSync(file), { level: 9 }) });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [packed()],
  // ONNX Runtime's loader as a file of its own: its threads start from it, and must not start ours.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "import", "default"] },
  worker: { format: "es", plugins: () => [packed()] },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    rollupOptions: {
      input: { engine: "engine/entry.ts", sw: "studio/sw.ts", index: "index.html", kids: "kids.html" },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: ({ name }) => (name === "engine" || name === "sw" ? "[name].js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js", assetFileNames: "assets/[name]-[hash][extname]" },
    },
  },
  test: { include: ["tests/**/*.test.ts"], testTimeout: 60_000 },
});
