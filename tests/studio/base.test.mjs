import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const texts = {
  en: { hello: "Hello {name}", only: "Only here" },
  de: { hello: "Hallo {name}" },
};
const studio = (...languages) => load(["base"], { languages, texts });

test("texts come in the visitor's first language that there is", () => {
  assert.equal(studio("fr", "de-AT", "en").text("hello", { name: "Ada" }), "Hallo Ada");
  assert.equal(studio("fr").text("hello", { name: "Ada" }), "Hello Ada");
});

test("a text that is not translated is said in English, an unknown one by its key", () => {
  assert.equal(studio("de").text("only"), "Only here");
  assert.equal(studio("de").text("no_such_key"), "no_such_key");
});

test("a hole without a value stays as it is", () => {
  assert.equal(studio("en").text("hello"), "Hello {name}");
  assert.equal(studio("en").text("hello", { name: 0 }), "Hello 0");
});

test("searching sees neither case nor accents", () => {
  assert.equal(studio("en").plain("Café ŽIŽKA"), "cafe zizka");
  assert.equal(studio("en").plain(undefined), "");
});

test("what is put off happens once, with the last values, when things are quiet", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const calls = [];
  const later = studio("en").later((value) => calls.push(value), 100);
  later(1);
  context.mock.timers.tick(99);
  later(2);
  context.mock.timers.tick(99);
  assert.deepEqual(calls, []);
  context.mock.timers.tick(1);
  assert.deepEqual(calls, [2]);
});
