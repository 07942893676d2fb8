// Pure functions that follow a threshold while it is being moved: the verdicts that would come of it, and where its
// places are on the ramp. The numbers are those of xtf/grid.py, so that what is shown is what the server will say.

const COUNT = [0, 1, 1, 2, 1, 2, 2, 3]; // of bits set
const SHIELDED = 1; // guards
const BY_HAND = 2;
const HAND_BIT = 8;
const STRATEGY_BIT = 16;

/** The sample as it would be judged with one attribute's threshold at a place of its grid. */
export function moved(sent, attribute, place) {
  const k = sent.attributes.findIndex(({name}) => name === attribute);
  const {combine, guards, grids} = sent.live;
  const {onset, nested, limits} = grids[attribute];
  const [bits, failed, shielded] = [0, 1, 2].map(() => new Uint8Array(sent.length));
  for (let t = 0; t < sent.length; t++) {
    const fails = nested ? onset[t] <= place : onset[t] === place;
    failed[t] = fails ? sent.failed[t] | (1 << k) : sent.failed[t] & ~(1 << k);
    const outvoted = COUNT[failed[t]] >= combine;
    if (outvoted && guards[t] === SHIELDED) shielded[t] = 1;
    else if (outvoted) bits[t] = failed[t];
    if (guards[t] === BY_HAND) bits[t] |= HAND_BIT;
  }
  const bounds = [limits[2 * place], limits[2 * place + 1]].map((limit) => (Number.isFinite(limit) ? limit : null));
  const attributes = sent.attributes.map((one, i) => (i === k ? {...one, limits: bounds, note: ""} : one));
  return {...sent, bits, failed, shielded, attributes, moved: attribute, before: sent};
}

/** Where each place of a grid lies on the attribute's ramp, 0 to 1: {low, high} of a cluster, the same of a limit. */
export function rail(attribute, {limits, nested, values}) {
  const side = (which, open) => Float64Array.from(values, (_, i) => {
    const both = [limits[2 * i], limits[2 * i + 1]];
    if (!both.some(Number.isFinite)) return NaN;
    return Number.isFinite(both[which]) ? place(attribute, attribute.order, both[which]) : open;
  });
  if (!nested) return {low: side(0, 0), high: side(1, 1)};
  const edge = side(attribute.drops === "above" ? 0 : 1, NaN);
  return {low: edge, high: edge};
}

/** The place that a point of the ramp means: the nearest one; of equally near ones that nearest to the present one. */
export function nearest({low, high}, at, now) {
  let [best, distance] = [now, Infinity];
  for (let i = 0; i < low.length; i++) {
    if (Number.isNaN(low[i])) continue;
    const off = at < low[i] ? low[i] - at : Math.max(0, at - high[i]);
    if (off < distance || (off === distance && Math.abs(i - now) < Math.abs(best - now))) [best, distance] = [i, off];
  }
  return best;
}

/** Whether higher places lie further right on the ramp. */
export function rising({low}) {
  const known = low.filter((at) => !Number.isNaN(at));
  return known.length < 2 || known.at(-1) >= known[0];
}

/** Why a token would be dropped or kept, in a short sentence: the server's own is of the threshold before. */
export function wouldBe(sample, t) {
  const reasons = sample.attributes.filter((_, k) => sample.failed[t] & (1 << k))
    .map((attribute) => reason(attribute, attribute.values[t])).join("; ");
  if (sample.bits[t] & HAND_BIT) return `Dropped by hand${reasons && `; besides, ${reasons}`}.`;
  if (sample.bits[t]) return `Would be dropped: ${reasons}.`;
  if (sample.shielded[t]) return `Would be kept although ${reasons}, because it is protected.`;
  if (!reasons) return "Would be kept: it fails no attribute.";
  return `Would be kept: it fails ${COUNT[sample.failed[t]]} of the ${sample.live.combine} attributes that it takes to `
    + `drop a token: ${reasons}.`;
}

const SAID = {reasoning: "attention received", novelty: "p", relevance: "relevance"};

function reason({name, title, limits, drops}, value) {
  const [low, high] = limits;
  const write = name === "novelty" ? (v, other) => `${apart(100 * v, 100 * other)} %` : apart;
  const words = low !== null && high !== null && !(drops === "above" && high >= 1)
    ? `lies in ${write(low, value)} to ${write(high, value)}`
    : drops === "above" ? `is above ${write(low ?? high, value)}` : `is below ${write(high ?? low, value)}`;
  return `${SAID[name] ?? title} ${write(value, low ?? high)} ${words}`;
}

/** A number in as few digits, from three on, as tell it from another that it is not. */
export function apart(value, other) {
  for (let digits = 3; digits < 15; digits++) {
    const text = value.toPrecision(digits);
    if (value === other || Number(text) !== Number(other.toPrecision(digits))) return String(Number(text));
  }
  return String(value);
}
