// Pure functions from a payload of xtf/figures/dials.py to the dataset's read-outs. No DOM. What is counted here equals
// what the server counts once the thresholds are really changed; tests/test_dials.py compares the two.

const BY_HAND = 8;
const SHIELDED = 1; // guards, as in xtf/grid.py: 0 may be dropped by rules, 1 may not, 2 is dropped whatever they say
const BY_HAND_GUARD = 2;

/** The payload with typed arrays in place of base64. */
export function decode(data) {
  return {...data, attributes: data.attributes.map((attribute) =>
    ({...attribute, grid: opened(attribute.grid), shape: shape(attribute)}))};
}

/** What a card is made of that does not move with its threshold. */
function shape({name, kind, scope, classes, cap, axis, bins, notes, grid}) {
  return JSON.stringify([name, kind, scope, classes, cap, axis, bins, notes, grid?.values.length]);
}

function opened(grid) {
  if (!grid) return null;
  const counts = new Uint32Array(octets(grid.counts));
  return {...grid, counts, sums: sums(counts), values: new Float64Array(octets(grid.values)),
    without: new Uint32Array(octets(grid.without)), under: new Uint32Array(octets(grid.under)),
    lines: new Float32Array(octets(grid.lines)), hatch: new Uint8Array(octets(grid.hatch))};
}

function octets(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

const CELLS = 12; // of an onset: which of the other two attributes fail, times guard

/** Running sums of counts[onset][12] over the onsets. */
function sums(counts) {
  const found = counts.slice();
  for (let i = CELLS; i < found.length; i++) found[i] += found[i - CELLS];
  return found;
}

/** What the dataset comes to with attribute number `k` at `place` of its grid, all else as it is: kept, dropped,
 *  spared (protected or kept by hand), byHand and byHandAlone, without (examples without a kept token), under; by
 *  attribute: own (dropped by it) and alone; combinations: [8] tokens dropped by exactly these attributes. */
export function state(payload, k = -1, place = null) {
  const grid = payload.attributes[k]?.grid;
  if (!grid || place === null) return payload.now;
  const others = [0, 1, 2].filter((other) => other !== k);
  const exactly = new Array(2 * BY_HAND).fill(0);
  const last = grid.sums.length - CELLS;
  let spared = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    const failing = (grid.nested ? grid.sums : grid.counts)[place * CELLS + cell];
    const guard = cell % 3;
    const rest = others.reduce((bits, other, i) => bits | (((Math.floor(cell / 3) >> i) & 1) << other), 0);
    for (const [tokens, failed] of [[failing, rest | (1 << k)], [grid.sums[last + cell] - failing, rest]]) {
      const outvoted = [1, 2, 4].filter((bit) => failed & bit).length >= payload.needed;
      if (guard === SHIELDED && outvoted) spared += tokens;
      const bits = outvoted && guard !== SHIELDED ? failed : 0;
      exactly[guard === BY_HAND_GUARD ? bits | BY_HAND : bits] += tokens;
    }
  }
  return readOuts(exactly, payload.trainable, spared, grid.without[place], grid.under[place]);
}

/** exactly: tokens by their bits, [16]; those of no bit are kept. */
function readOuts(exactly, trainable, spared, without, under) {
  const sum = (chosen) => exactly.reduce((total, tokens, bits) => total + (chosen(bits) ? tokens : 0), 0);
  const dropped = sum((bits) => bits);
  return {
    kept: trainable - dropped, dropped, spared, without, under,
    byHand: sum((bits) => bits & BY_HAND), byHandAlone: exactly[BY_HAND],
    own: [1, 2, 4].map((bit) => sum((bits) => bits & bit)), alone: [1, 2, 4].map((bit) => exactly[bit]),
    combinations: exactly.slice(0, BY_HAND).map((tokens, bits) => (bits ? tokens : 0)),
  };
}

/** Where the threshold stands at a place: [low, high], each {least, middle, most} of the examples' limits, or null where
 *  there is no limit on that side. */
export function limits(grid, place) {
  return [0, 3].map((side) => {
    const [least, middle, most] = grid.lines.subarray(6 * place + side, 6 * place + side + 3);
    return Number.isNaN(middle) ? null : {least, middle, most};
  });
}

/** Position of a value on the axis: 0 the left end, 1 the right; beyond them where it lies outside. */
export function position(axis, value) {
  if (axis.log && !(value > 0)) return -0.1;
  return ((axis.log ? Math.log10(value) : value) - axis.low) / (axis.high - axis.low);
}

/** Where the handle of a place is drawn: on its limit, or in the middle of its range. */
export function handleAt(axis, grid, place, drops) {
  const [low, high] = limits(grid, place).map((limit) => limit && position(axis, limit.middle));
  const inside = (x) => Math.min(1, Math.max(0, x));
  if (!grid.nested && (low !== null || high !== null)) return (inside(low ?? 0) + inside(high ?? 1)) / 2;
  return low ?? high ?? (drops === "above" ? 1 : 0);
}

/** The place whose handle lies nearest to x; of equally near ones that nearest to `from`. */
export function nearest(handles, x, from) {
  let best = from;
  handles.forEach((at, place) => {
    const [nearer, closer] = [Math.abs(at - x) - Math.abs(handles[best] - x), Math.abs(place - from) - Math.abs(best - from)];
    if (nearer < 0 || (nearer === 0 && closer < 0)) best = place;
  });
  return best;
}

/** How far a slider stands from its left end, and the way back: places count from what drops least. */
export function flip(attribute, place) {
  return attribute.drops === "above" ? attribute.grid.values.length - 1 - place : place;
}
