// Pure functions on stretches of tokens: words, sentences and lines, what is folded away in a long sample, and what a
// stretch scores as a whole. A chunk is [first, last], a range of tokens; sample is what decode() in view.js gives.

export const GRAINS = ["token", "word", "sentence", "line"];
const LONG = 1200; // tokens: a longer sample opens as a snippet
const LEAST = 80; // tokens of one kind in a row of which the middle is folded
const SHOWN = 25; // of them, left at each end

const CLOSING = "[\"'”’)\\]»*_]*";
const STOP = new RegExp(`(?:[.!?…]${CLOSING}\\s+|[。！？]${CLOSING}\\s*)$`);
const STOPPING = new RegExp(`[.!?…]${CLOSING}$`);

/** All tokens of a sample in chunks. None mixes tokens of different roles, nor splits a character. */
export function chunks(sample, grain) {
  const made = [];
  let [first, text] = [0, ""];
  for (let t = 0; t < sample.length; t++) {
    text += sample.texts[t];
    const next = (sample.gaps[t + 1] ?? "") + (sample.texts[t + 1] ?? "");
    if (t + 1 < sample.length && joins(sample, grain, t, text, next)) {
      text = (text + (sample.gaps[t + 1] ?? "")).slice(-40);
      continue;
    }
    made.push([first, t]);
    [first, text] = [t + 1, ""];
  }
  return made;
}

function joins(sample, grain, t, text, next) {
  if (grain === "token") return false;
  if (sample.continues.has(t + 1)) return true;
  const [mark, after] = [sample.marks[t], sample.marks[t + 1]];
  if ((mark ^ after) & sample.response || (mark | after) & sample.special) return false;
  return next === "" || !APART[grain](text, next);
}

/** Whether a chunk ends after `text` when `next` follows it. */
const APART = {
  word: (text, next) => /\s$/.test(text) || /^\s/.test(next),
  line: (text, next) => /\n[^\S\n]*$/.test(text) || /^\s*\n\s*\S/.test(next),
  sentence: (text, next) =>
    APART.line(text, next) || STOP.test(text) || (STOPPING.test(text) && /^\s/.test(next)),
};

/** A chunk's text with what no token covers in it. */
export function textOf(sample, [first, last]) {
  let text = sample.texts[first];
  for (let t = first + 1; t <= last; t++) text += (sample.gaps[t] ?? "") + sample.texts[t];
  return text;
}

/** Number, mean and sum of an attribute's values in a chunk; a mean of NaN where there are none. */
export function average(values, [first, last]) {
  let [n, sum] = [0, 0];
  for (let t = first; t <= last; t++) {
    if (Number.isNaN(values[t])) continue;
    n++;
    sum += values[t];
  }
  return {n, sum, mean: sum / n};
}

/** How many tokens of a chunk have any of these bits. */
export function having(flags, [first, last], bits = 255) {
  let n = 0;
  for (let t = first; t <= last; t++) if (flags[t] & bits) n++;
  return n;
}

/** "all", "some" or "" by how many of a chunk's tokens. */
export function share(n, [first, last]) {
  return n === 0 ? "" : n === last - first + 1 ? "all" : "some";
}

/** How many tokens of a chunk the second setting drops that this one keeps (lost), and the other way round (won). */
export function changes(sample, [first, last]) {
  let [lost, won] = [0, 0];
  for (let t = first; t <= last; t++) {
    if (!sample.bits[t] && sample.other.bits[t]) lost++;
    if (sample.bits[t] && !sample.other.bits[t]) won++;
  }
  return {lost, won};
}

/** Whether a sample is so long that it opens as a snippet. */
export function long(sample) {
  return sample.length > LONG;
}

/** Runs of chunks [from, to] that a snippet folds: the middle of a long prompt, and of long stretches that are kept. */
export function foldable(sample, parts) {
  const kind = ([first, last]) =>
    !(sample.marks[first] & sample.response) ? "prompt" : having(sample.bits, [first, last]) ? "" : "kept";
  const runs = [];
  let start = 0;
  for (let i = 1; i <= parts.length; i++) {
    if (i < parts.length && kind(parts[i]) === kind(parts[start])) continue;
    if (kind(parts[start])) runs.push(...middle(parts, start, i - 1));
    start = i;
  }
  return runs;
}

/** What is left of a run without SHOWN tokens at each end, if it holds LEAST. */
function middle(parts, from, to) {
  const [first, last] = [parts[from][0], parts[to][1]];
  if (last - first + 1 < LEAST) return [];
  let [a, b] = [from, to];
  while (a <= b && parts[a][0] < first + SHOWN) a++;
  while (b >= a && parts[b][1] > last - SHOWN) b--;
  return a < b ? [[a, b]] : [];
}

/** Finds the runs of some texts separately in the stretches between the folds, and in each fold. */
export function within(texts, folds, find) {
  const edges = [0, ...folds.flatMap(([from, to]) => [from, to + 1]), texts.length];
  return edges.slice(1).flatMap((end, i) =>
    find(texts.slice(edges[i], end)).map(([from, to]) => [from + edges[i], to + edges[i]]));
}
