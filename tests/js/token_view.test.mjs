// Run by tests/test_ui_token_view.py where node is found, or by hand: node --test tests/js/
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

const names = ["scale", "text", "chunks", "moved", "build", "legend", "handle", "panel", "hand", "keys", "view"];
const source = names.map((name) => readFileSync(new URL(`../../assets/token_view/${name}.js`, import.meta.url), "utf8"));
const view = await import(`data:text/javascript;base64,${Buffer.from(source.join("\n")).toString("base64")}`);

const near = (got, wanted) => assert.ok(Math.abs(got - wanted) < 1e-6, `${got} is not ${wanted}`);

test("rank counts ties half, on values with a heavy tail", () => {
  const order = view.sorted([7, 1, 1000, 1, NaN]); // 1 1 7 1000
  assert.deepEqual(Array.from(order), [1, 1, 7, 1000]);
  near(view.rank(order, 1), 0.25); // none below, two equal: 2 / 2 / 4
  near(view.rank(order, 7), 0.625); // two below, one equal: 2.5 / 4
  near(view.rank(order, 1000), 0.875);
  near(view.rank(order, 0.5), 0);
  near(view.rank(order, 2000), 1);
  assert.ok(Number.isNaN(view.rank(order, NaN)));
  assert.ok(Number.isNaN(view.rank(new Float32Array(0), 1)));
});

test("a linear ramp is linear and ends at its range; one value only is in the middle", () => {
  const ramp = {scale: "linear", range: [0.5, 1.5], values: [0.5, 1, 1.5, 9, -9, NaN]};
  assert.deepEqual(Array.from(view.places(ramp)), [0, 0.5, 1, 1, 0, NaN]);
  near(view.place({scale: "linear", range: [2, 2]}, [], 2), 0.5);
});

test("limits fail on the side and with the equality that the verdicts use", () => {
  const values = Float32Array.from([0.25, 0.5, 0.75, NaN]);
  assert.deepEqual(Array.from(view.fails(values, [null, 0.5], "below")), [1, 0, 0, 0]); // v < 0.5
  assert.deepEqual(Array.from(view.fails(values, [0.5, 0.75], "below")), [0, 1, 0, 0]); // 0.5 <= v < 0.75
  assert.deepEqual(Array.from(view.fails(values, [0.5, null], "above")), [0, 0, 1, 0]); // p > 0.5
  assert.deepEqual(Array.from(view.fails(values, [0.25, 0.5], "above")), [0, 1, 0, 0]); // 0.25 < p <= 0.5
  assert.deepEqual(Array.from(view.fails(values, [null, null], "below")), [0, 0, 0, 0]);
});

test("backgrounds follow mode and verdict", () => {
  const values = Float32Array.from([0, 0.5, 1, NaN]);
  const sample = {bits: Uint8Array.from([0, 0, 2, 0]),
    attributes: [{name: "novelty", scale: "linear", range: [0, 1], values, order: view.sorted(values)}]};
  assert.deepEqual(view.fills(sample, "novelty"),
    ["fill fill0-0", "fill fill0-16", "fill fill0-31 dropped coloured", "fill"]);
  assert.deepEqual(view.fills(sample, "verdict"), ["fill", "fill", "fill dropped", "fill"]);
});

test("every class that can be given has its rule", () => {
  const rules = view.rules([{name: "novelty"}]);
  for (const place of [0, 0.3, 0.999, 1]) {
    const colour = view.fillClass(0, place, false).split(" ")[1];
    assert.ok(rules.includes(`.${colour}{`), colour);
    assert.ok(rules.includes(`.${view.barClass(0, place, false)}{`));
  }
  assert.ok(rules.includes(`.${view.barClass(0, 0.5, true)}{`));
  assert.equal(view.barClass(0, NaN, false), "");
});

test("numbers and regions read well", () => {
  assert.equal(view.number(0.99123456), "0.9912");
  assert.equal(view.number(0), "0");
  assert.equal(view.number(0.0000123), "1.230e-5");
  assert.equal(view.number(NaN), "none");
  assert.equal(view.region([0.95, null], "above"), "> 0.95");
  assert.equal(view.region([null, 0.41], "below"), "< 0.41");
  assert.equal(view.region([0.2, 0.41], "below"), "0.2 to 0.41");
  assert.equal(view.region([null, null], "below"), "off");
});

test("control characters are pictured, reordering ones and lone surrogates named, the rest left alone", () => {
  assert.equal(view.tame("a\x00\x07\x7f\r\n\tb"), "a␀␇␡␍\n\tb");
  assert.equal(view.tame("x\u202ey"), "x⟦U+202E⟧y");
  assert.equal(view.tame("\ud800!"), "⟦U+D800⟧!");
  for (const text of ["<script>alert(1)</script>", "👩‍👩‍👧", "مرحبا", "naïve &amp;"]) assert.equal(view.tame(text), text);
});

test("invisible texts are found, visible and blank ones are not", () => {
  assert.ok(view.invisible("\u200d") && view.invisible("\ufe0f"));
  assert.ok(!view.invisible("a\u200d") && !view.invisible(" ") && !view.invisible("") && !view.invisible("\u202e"));
});

test("quotations stay on one line and short", () => {
  assert.equal(view.quote(" a\n\tb"), "␣a⏎⇥b");
  assert.equal(view.quote(" ".repeat(64)), "64 × ␣");
  assert.ok(Array.from(view.quote("é".repeat(1000))).length < 70);
});

test("right-to-left text is isolated from its neighbours", () => {
  // x = " שלום עולם " + 5: only the Hebrew words and the blank between them, so that + 5 stays on the right
  assert.deepEqual(view.rightToLeftRuns(["x", " =", ' "', "שלום", " ", "עולם", '"', " +", " 5", "\n"]), [[3, 5]]);
  // a line that begins right-to-left is one run, up to its line break, with digits, signs and Latin words
  assert.deepEqual(view.rightToLeftRuns(["a", "\n", "مرحبا", " 123", " ok", ".", "\n", "b"]), [[2, 5]]);
  assert.deepEqual(view.rightToLeftRuns(["مرحبا", ".\n", "b.\n"]), [[0, 1]]);
  // pieces of one character stay with it, and left-to-right letters end a run
  assert.deepEqual(view.rightToLeftRuns(["a", "ש", "", "b", "ל"]), [[1, 2], [4, 4]]);
  assert.deepEqual(view.rightToLeftRuns(["only", " 1", "\n"]), []);
});

test("long runs of blanks are folded whole, short ones are not", () => {
  const spaces = Array(3).fill(" ".repeat(50));
  assert.deepEqual(view.blankRuns(["a", ...spaces, "b", " ", "c"]), [[1, 3]]);
  assert.deepEqual(view.blankRuns(["\n\n\n", "\n\n\n"]), [[0, 1]]);
  assert.deepEqual(view.blankRuns(["🎉", "", "", ...spaces]), [[3, 5]]); // byte pieces of the emoji stay out
  assert.deepEqual(view.blankRuns(["a", "\n\n", "b"]), []);
  assert.equal(view.blankWords(" ".repeat(10000) + "\n"), "10,000 × ␣, 1 × ⏎");
});
