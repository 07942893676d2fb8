// Pure functions on text: how characters that cannot be seen are shown, and which runs of blanks are folded.

const PICTURED = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
const NAMED = /[\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu; // u: lone surrogates only
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LETTER = /\p{L}/u;

/** "U+202E" and the like, joined by spaces. */
export function codes(text) {
  return Array.from(text, (c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}

/** Text that is safe to lay out: control characters are pictured, and those that reorder text are named. */
export function tame(text) {
  return text
    .replace(PICTURED, (c) => (c === "\x7f" ? "␡" : String.fromCodePoint(0x2400 + c.codePointAt(0))))
    .replace(NAMED, (c) => `⟦${codes(c)}⟧`);
}

/** Blanks as signs. The zero-width space keeps a place where a long line may break. */
export function signs(text) {
  return text.replace(/ /g, "␣\u200b").replace(/\t/g, "⇥\t").replace(/\n/g, "⏎\n");
}

/** Whether a text has characters but nothing that would be seen (a lone joiner or variation selector, say). */
export function invisible(text) {
  return text !== "" && /^[\p{Cf}\p{Mn}\p{Me}\u3164\u115f\u1160]+$/u.test(text) && tame(text) === text;
}

/** A short quotation of a text on one line, blanks as signs or counted; long ones are cut in the middle. */
export function quote(text, longest = 60) {
  if (/^\s{9,}$/.test(text)) return blankWords(text);
  const all = Array.from(tame(text));
  const cut = all.length > longest ? [...all.slice(0, longest - 12), " … ", ...all.slice(-8)] : all;
  return signs(cut.join("")).replace(/[\u200b\n\t]/g, "");
}

/** "right" or "left", the direction of a text's first letter; "" for a text without letters. */
export function direction(text) {
  const letter = text.match(LETTER)?.[0];
  return letter === undefined ? "" : RIGHT_TO_LEFT.test(letter) ? "right" : "left";
}

/** Runs [first, last] of texts to be set from right to left, each isolated from its neighbours: a whole line whose
 *  first letters are right-to-left, else every stretch from right-to-left text to right-to-left text with nothing but
 *  digits and signs between. ("" is a further piece of the character before.) A text with a line break ends a line. */
export function rightToLeftRuns(texts) {
  const runs = [];
  let first = 0;
  for (let i = 0; i <= texts.length; i++) {
    if (i < texts.length && !/\n/.test(texts[i])) continue;
    const ends = i < texts.length && /^[^\n]+\n+$/.test(texts[i]); // a full stop and line break in one token, say
    runs.push(...runsOfLine(texts, first, ends ? i : i - 1));
    first = i + 1;
  }
  return runs;
}

function runsOfLine(texts, first, last) {
  const sides = texts.slice(first, last + 1).map(direction);
  if (sides.find((side) => side !== "") === "right") return [[first, last]];
  const runs = [];
  let open = null;
  sides.forEach((side, k) => {
    if (side === "left") open = null;
    const joins = side === "right" || (open && texts[first + k] === "" && open[1] === first + k - 1);
    if (!joins) return;
    if (open) open[1] = first + k;
    else runs.push((open = [first + k, first + k]));
  });
  return runs;
}

/** Runs [first, last] of blank texts that together hold more than 120 blanks or more than 5 line breaks. Within them ""
 *  stands for a further piece of a blank. */
export function blankRuns(texts) {
  const runs = [];
  let first = -1;
  for (let i = 0; i <= texts.length; i++) {
    const blank = i < texts.length && (first < 0 ? /^\s+$/ : /^\s*$/).test(texts[i]);
    if (blank && first < 0) first = i;
    if (blank || first < 0) continue;
    const all = texts.slice(first, i).join("");
    if (all.length > 120 || count(all, "\n") > 5) runs.push([first, i - 1]);
    first = -1;
  }
  return runs;
}

function count(text, character) {
  return text.split(character).length - 1;
}

/** What a run of blanks holds: "10,000 × ␣, 3 × ⏎". */
export function blankWords(text) {
  const kinds = [["␣", " "], ["⏎", "\n"], ["⇥", "\t"]].map(([sign, c]) => [sign, count(text, c)]);
  kinds.push(["other", text.length - kinds.reduce((sum, [, n]) => sum + n, 0)]);
  return kinds.filter(([, n]) => n > 0).map(([sign, n]) => `${n.toLocaleString("en")} × ${sign}`).join(", ");
}
