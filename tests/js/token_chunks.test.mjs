// Words, sentences, lines and folds of the token view; run as token_view.test.mjs is.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

const source = ["scale", "text", "chunks", "moved"]
  .map((name) => readFileSync(new URL(`../../assets/token_view/${name}.js`, import.meta.url), "utf8"));
const view = await import(`data:text/javascript;base64,${Buffer.from(source.join("\n")).toString("base64")}`);

function sample(texts, {marks, pieces = [], gaps = {}, bits} = {}) {
  return {texts, gaps, length: texts.length, continues: new Set(pieces), response: 2, special: 16,
    marks: Uint8Array.from(marks ?? texts.map(() => 2)), bits: Uint8Array.from(bits ?? texts.map(() => 0))};
}

const cut = (made, grain) => view.chunks(made, grain).map((chunk) => view.textOf(made, chunk));

test("words are what no blank separates; the first piece carries the blank", () => {
  const made = sample(["The", " sc", "arves", " cost", " $", "4", "*", "9", ".", "\n", "In", "grid"]);
  assert.deepEqual(cut(made, "word"), ["The", " scarves", " cost", " $4*9.", "\n", "Ingrid"]);
  assert.deepEqual(cut(made, "token"), made.texts);
});

test("sentences end at a stop before a blank and at line ends, not within numbers", () => {
  const made = sample(["It", " is", " 3", ".", "5", ".", " Yes", "!", "\"", " No", "?\n", "Or", "..", ".", " so"]);
  assert.deepEqual(cut(made, "sentence"), ["It is 3.5.", " Yes!\"", " No?\n", "Or...", " so"]);
  assert.deepEqual(cut(sample(["一", "。", "二"]), "sentence"), ["一。", "二"]);
  assert.deepEqual(cut(sample(["a. ", "b"]), "sentence"), ["a. ", "b"]);
});

test("lines end with their line break", () => {
  const made = sample(["a", " b", "\n", "\n", " c", ".\n\n", "d", "\ne"]);
  assert.deepEqual(cut(made, "line"), ["a b\n", "\n", " c.\n\n", "d", "\ne"]);
});

test("no chunk mixes roles or special tokens, or splits a character", () => {
  assert.deepEqual(cut(sample(["a", "b", "c"], {marks: [1, 2, 2]}), "line"), ["a", "bc"]);
  assert.deepEqual(cut(sample(["a", "<s>", "b"], {marks: [2, 18, 2]}), "line"), ["a", "<s>", "b"]);
  assert.deepEqual(cut(sample(["a", " 🎉", "", "b"], {pieces: [2]}), "word"), ["a", " 🎉b"]);
});

test("text that no token covers stays between its neighbours", () => {
  const made = sample(["a", "b", "c"], {gaps: {1: "-", 2: " "}});
  assert.deepEqual(cut(made, "word"), ["a-b", "c"]);
  assert.deepEqual(cut(made, "line"), ["a-b c"]);
});

test("whatever the grain, every token is in one chunk, in order", () => {
  const made = sample(["x.", " ", "", "\n\n", "y", "?", "!", " z"], {marks: [1, 1, 2, 2, 2, 18, 2, 2], pieces: [2]});
  for (const grain of view.GRAINS) {
    const all = view.chunks(made, grain).flatMap(([first, last]) =>
      Array.from({length: last - first + 1}, (_, k) => first + k));
    assert.deepEqual(all, [0, 1, 2, 3, 4, 5, 6, 7]);
  }
});

test("mean and sum are of the values that there are", () => {
  assert.deepEqual(view.average(Float32Array.from([1, NaN, 4, 9]), [0, 2]), {n: 2, sum: 5, mean: 2.5});
  assert.deepEqual(view.average(Float32Array.from([NaN]), [0, 0]), {n: 0, sum: 0, mean: NaN});
  assert.equal(view.share(2, [3, 4]), "all");
  assert.equal(view.share(1, [3, 4]), "some");
  assert.equal(view.share(0, [3, 4]), "");
});

test("a snippet folds the middle of long prompts and of long kept stretches", () => {
  const marks = [...Array(200).fill(1), ...Array(300).fill(2)];
  const bits = marks.map((_, t) => (t === 300 ? 2 : 0)); // one dropped token, 100 kept before it, 199 after
  const made = sample(marks.map(() => "x"), {marks, bits});
  const parts = view.chunks(made, "token");
  assert.deepEqual(view.foldable(made, parts), [[25, 174], [225, 274], [326, 474]]);
  assert.deepEqual(view.foldable(sample(Array(79).fill("x")), Array.from({length: 79}, (_, t) => [t, t])), []);
});

test("a second setting loses and wins tokens", () => {
  const made = {...sample(["a", "b", "c", "d"], {bits: [0, 1, 2, 0]}), other: {bits: Uint8Array.from([4, 1, 0, 0])}};
  assert.deepEqual(view.changes(made, [0, 3]), {lost: 1, won: 1});
  assert.deepEqual(view.fills({...made, attributes: []}, "changes"), ["fill lost", "fill dropped", "fill won", "fill"]);
  assert.equal(view.changeClass({lost: 1, won: 2}, ""), "fill lost won");
});

test("the nearest place of a rail is found, and of equal ones that nearest to the present", () => {
  const rail = {low: [0, 0, 0.5, 1, 1], high: [0, 0, 0.5, 1, 1]};
  assert.equal(view.nearest(rail, 0.4, 0), 2);
  assert.equal(view.nearest(rail, 0, 2), 1);
  assert.equal(view.nearest(rail, 1, 2), 3);
  const clusters = {low: [0, 0.3, NaN, 0.7], high: [0.3, 0.7, NaN, 1]};
  assert.equal(view.nearest(clusters, 0.5, 0), 1);
  assert.equal(view.nearest(clusters, 0.9, 0), 3);
});

test("numbers that differ read differently", () => {
  assert.equal(view.apart(99.1, 97), "99.1");
  assert.equal(view.apart(95.004, 95), "95.004");
  assert.equal(view.apart(0.5, 0.5), "0.5");
});
