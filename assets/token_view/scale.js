// Pure functions from numbers to numbers: what a token's colour, bars and verdict follow from. No DOM, so that a
// threshold slider can drive them and `node --test` can check them.
// An attribute is {values: Float32Array, scale: "percentile" | "linear", range: [low, high], limits: [low, high],
// drops: "below" | "above"}; a limit of null is unbounded, and two nulls mean that the attribute drops nothing.

/** Finite values in ascending order. */
export function sorted(values) {
  return Float32Array.from(values).filter(Number.isFinite).sort();
}

/** Share of `order` (ascending) that lies below `value`, ties counted half: 0 to 1, NaN for NaN or no values. */
export function rank(order, value) {
  if (Number.isNaN(value) || order.length === 0) return NaN;
  return (bound(order, (other) => other >= value) + bound(order, (other) => other > value)) / (2 * order.length);
}

function bound(order, reached) {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(order[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Place of `value` on the attribute's colour ramp: 0 is plain, 1 full colour, NaN where there is no value. */
export function place(attribute, order, value) {
  if (Number.isNaN(value)) return NaN;
  if (attribute.scale === "percentile") return rank(order, value);
  const [low, high] = attribute.range;
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}

/** Places of all values: Float32Array. */
export function places(attribute, order = sorted(attribute.values)) {
  return Float32Array.from(attribute.values, (value) => place(attribute, order, value));
}

/** Whether an attribute can drop anything at all. */
export function active(limits) {
  return limits[0] !== null || limits[1] !== null;
}

/** 1 where a value fails. Drops below: low <= v < high. Drops above (p): low < v <= high. NaN never fails. */
export function fails(values, limits, drops) {
  if (!active(limits)) return new Uint8Array(values.length);
  const low = limits[0] ?? -Infinity;
  const high = limits[1] ?? Infinity;
  return Uint8Array.from(values, drops === "above" ? (v) => low < v && v <= high : (v) => low <= v && v < high);
}

const FILLS = 32; // steps of a background ramp
const BARS = 8; // steps of an underline bar

/** Class of the bar for attribute `k`: one of BARS strengths, dashed where the token fails, none without a value. */
export function barClass(k, place, failed) {
  if (failed) return `bar${k}-fails`;
  return Number.isNaN(place) ? "" : `bar${k}-${Math.round(place * (BARS - 1))}`;
}

/** Class of a background on the ramp of attribute `k` (-1: none, verdicts alone are shown). dropped: "all" (or true),
 *  "some" of the tokens, or nothing. */
export function fillClass(k, place, dropped) {
  const colour = k < 0 || Number.isNaN(place) ? "" : ` fill${k}-${Math.round(place * (FILLS - 1))}`;
  const hatch = dropped === "some" ? " partly" : dropped ? " dropped" : "";
  return `fill${colour}${hatch}${hatch && k >= 0 ? " coloured" : ""}`;
}

/** Class of a background that shows what a second setting changes. */
export function changeClass({lost, won}, dropped) {
  if (lost && won) return "fill lost won";
  return lost ? "fill lost" : won ? "fill won" : fillClass(-1, NaN, dropped);
}

/** Backgrounds of all chunks (tokens, if not given): the pure function of values, verdict bits and mode that a moving
 *  threshold drives. drawn: places of the chunks on the ramp. */
export function fills(sample, mode, parts = Array.from(sample.bits, (_, t) => [t, t]), drawn = null) {
  const dropped = parts.map((part) => share(having(sample.bits, part), part));
  if (mode === "changes") return parts.map((part, u) => changeClass(changes(sample, part), dropped[u]));
  const k = sample.attributes.findIndex(({name}) => name === mode);
  const at = drawn ?? (k < 0 ? [] : places(sample.attributes[k], sample.attributes[k].order));
  return parts.map((_, u) => fillClass(k, k < 0 ? NaN : at[u], dropped[u]));
}

/** The rules behind these classes. Classes recolour thousands of tokens in a frame; a custom property on each is ten
 *  times slower, because no two tokens then share a computed style. Mixed in OKLab, so that equal steps look equal. */
export function rules(attributes) {
  const steps = (count, rule) => Array.from({length: count}, (_, i) => rule(i, i / (count - 1)));
  const mix = (colour, share) => `color-mix(in oklab, var(${colour}) ${(100 * share).toFixed(1)}%, var(--page))`;
  return attributes.flatMap(({name}, k) => [
    ...steps(FILLS, (i, share) => `.fill${k}-${i}{background-color:${mix(`--${name}-ramp`, share)}}`),
    ...steps(BARS, (i, share) =>
      `.bar${k}-${i}{--bar${k}:linear-gradient(${mix(`--${name}`, 0.12 + 0.88 * share)} 0 0)}`),
    `.bar${k}-fails{--bar${k}:var(--dashes)}`,
  ]).join("\n");
}

/** A number as people read it: four significant digits. */
export function number(value) {
  if (!Number.isFinite(value)) return "none";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

/** The region that is dropped, in signs: "< 0.41", "0.2 to 0.41", "> 0.95", "off". */
export function region(limits, drops) {
  if (!active(limits)) return "off";
  const [low, high] = limits;
  if (low === null) return `${drops === "above" ? "≤" : "<"} ${number(high)}`;
  if (high === null || (drops === "above" && high >= 1)) return `${drops === "above" ? ">" : "≥"} ${number(low)}`;
  return `${number(low)} to ${number(high)}`;
}
