import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const studio = (globals = {}) => load(["base", "gradio"], { languages: ["de"], texts: { en: {}, de: {} }, Headers, ...globals });

test("Gradio's addresses are told apart", () => {
  const { gradio } = studio();
  const plain = (url) => ({ ...gradio.request(url) });
  const root = "http://a/b/gradio_api";
  assert.deepEqual(plain(`${root}/queue/join?`), { root, kind: "join" });
  assert.deepEqual(plain(`${root}/queue/data?session_hash=x`), { root, kind: "answers" });
  assert.deepEqual(plain(gradio.alive(root)), { root, kind: "alive" });
  assert.deepEqual(plain(`${root}/upload`), { root: undefined, kind: "other" });
});

test("a request names the visitor's language and keeps what it had", () => {
  const { headers, body } = studio().gradio.inLanguage({ headers: { "Content-Type": "application/json" }, body: "{}" });
  assert.deepEqual([headers.get("x-studio-language"), headers.get("content-type"), body], ["de", "application/json", "{}"]);
  assert.equal(studio().gradio.inLanguage().headers.get("x-studio-language"), "de");
});

test("a stream that breaks off ends as Gradio's own", () => {
  const events = studio().gradio.brokenStream.trim().split("\n\n").map((line) => JSON.parse(line.replace(/^data: /, "")));
  assert.deepEqual(events.map((event) => event.msg), ["broken_connection", "close_stream"]);
});

test("addresses begin where the page was served", () => {
  assert.equal(studio({ gradio_config: { root: "http://a/studio/" } }).gradio.root(), "http://a/studio/gradio_api");
});
