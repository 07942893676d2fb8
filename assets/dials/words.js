// Numbers and settings in words. Pure functions.

export function whole(number) {
  return Math.round(number).toLocaleString("en");
}

/** A share as xtf/words.py writes it: what is small but not zero never reads as zero, nor nearly all as all. */
export function percent(share) {
  const text = (100 * share).toFixed(1);
  if (share > 0 && Number(text) === 0) return "< 0.1 %";
  if (share < 1 && Number(text) === 100) return "> 99.9 %";
  return `${text} %`;
}

/** Four significant digits. */
export function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** "+1.2 points": a difference of two shares. */
export function points(difference) {
  const rounded = (100 * difference).toFixed(1);
  return `${difference > 0 && Number(rounded) !== 0 ? "+" : ""}${rounded.replace("-", "−").replace("−0.0", "0.0")} points`;
}

const WHOSE = {example: "of each response", dataset: "of all responses"};
const RANKS = ["lowest", "second-lowest", "third-lowest", "fourth-lowest", "fifth-lowest"];

/** The rule of an attribute at `place` of its grid: "p above 97 %", "lowest 3.2 % of each response". */
export function setting(attribute, place) {
  const value = attribute.grid.values[place];
  return SETTINGS[attribute.kind](value, attribute.drops === "above", attribute);
}

export function capWords({cap, grid}) {
  return cap === null || !grid ? "" : `at most ${short(100 * cap)} % of a response`;
}

const SETTINGS = {
  cutoff: (value, above) => (above ? `p above ${short(100 * value)} %` : `below ${short(value)}`),
  quantile: (value, above, {scope}) => `${above ? "highest" : "lowest"} ${short(100 * value)} % ${WHOSE[scope]}`,
  fence: (value, above, {scope}) => `${above ? "p above Q3 +" : "below Q1 −"} ${short(value)} × IQR ${WHOSE[scope]}`,
  otsu: (value, above, {classes}) => {
    const rank = value === classes - 1 ? "highest" : RANKS[value];
    return `${rank} of ${classes} clusters${above ? " by novelty" : ""}`;
  },
};

/** What an attribute drops: "drops 35.1 %: 1,234 tokens, 1,000 by it alone". */
export function effect(payload, counted, k) {
  const share = payload.trainable ? counted.own[k] / payload.trainable : 0;
  return `drops ${percent(share)}: ${whole(counted.own[k])} tokens, ${whole(counted.alone[k])} by it alone`;
}

/** The limit that is drawn: "0.41", "97.2 %", "median 0.41" where it differs between examples. */
export function limitWords(attribute, limit) {
  const varies = limit.most > limit.least;
  const shown = attribute.unit === "%" ? `${short(100 * limit.middle)} %` : short(limit.middle);
  return varies ? `median ${shown}` : shown;
}

/** Which attributes a combination of bits names: "Novelty and relevance", "Novelty alone". */
export function combination(payload, bits) {
  const names = payload.attributes.filter((_, k) => bits & (1 << k)).map(({short: name}) => name);
  if (names.length === 3) return "All three";
  return names.length === 1 ? `${names[0]} alone` : `${names[0]} and ${names[1].toLowerCase()}`;
}
