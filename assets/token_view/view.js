// The component's entry, and the colouring of the nodes that build.js makes.
// xtf/figures/tokens.py joins the files of this folder into one module: no imports, no build step.

const views = new WeakMap(); // Streamlit calls the default export again, on the same root, whenever data change
const STORED = "xtf.tokens";
const preferences = {mode: "novelty", grain: "token", signs: false, full: false, compared: "changes", ...remembered()};

export default function ({data, parentElement, setStateValue, setTriggerValue}) {
  let view = views.get(parentElement);
  if (!view?.element.isConnected) {
    view = mount(parentElement.querySelector(".view"));
    views.set(parentElement, view);
  }
  view.report = (token) => setStateValue("pinned", token);
  view.trigger = (name, value) => setTriggerValue(name, value);
  show(view, decode(data));
}

/** What was chosen in this browser before; a browser that keeps nothing starts afresh. */
function remembered() {
  try {
    const {mode, grain, signs, full} = JSON.parse(localStorage.getItem(STORED)) ?? {};
    return {mode: String(mode ?? "novelty"), grain: GRAINS.includes(grain) ? grain : "token", signs: signs === true,
      full: full === true};
  } catch {
    return {};
  }
}

function prefer(changed) {
  Object.assign(preferences, changed);
  try {
    localStorage.setItem(STORED, JSON.stringify(preferences));
  } catch {
    // kept while the page lives
  }
}

// Data

function decode(data) {
  const octets = (text) => new Uint8Array(bytes(text));
  const attributes = data.attributes.map((attribute) => {
    const values = new Float32Array(bytes(attribute.values));
    return {...attribute, values, order: sorted(values)};
  });
  const grids = Object.entries(data.live?.grids ?? {}).map(([name, grid]) => [name, {...grid,
    values: new Float64Array(bytes(grid.values)), onset: new Uint16Array(bytes(grid.onset)),
    limits: new Float64Array(bytes(grid.limits))}]);
  const [marks, bits, failed, shielded, hand] =
    ["marks", "bits", "failed", "shielded", "hand"].map((name) => octets(data[name]));
  return {...data, attributes, marks, bits, failed, shielded, hand, length: data.texts.length,
    continues: new Set(data.pieces), ids: new Int32Array(bytes(data.ids)), types: data.types ?? {},
    live: data.live && {...data.live, guards: octets(data.live.guards), grids: Object.fromEntries(grids)},
    other: data.other && {...data.other, bits: octets(data.other.bits)},
    alternatives: data.alternatives && decodeAlternatives(data.alternatives, marks, data.response)};
}

function decodeAlternatives(found, marks, response) {
  let row = 0;
  return {...found, ids: new Int32Array(bytes(found.ids)), p: new Float32Array(bytes(found.p)),
    rank: new Int32Array(bytes(found.rank)), rowOf: Int32Array.from(marks, (mark) => (mark & response ? row++ : -1))};
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

// Life of a view

function mount(element) {
  const part = (name) => element.querySelector(`.${name}`);
  const view = {element, part, list: part("text"), hovered: -1, focused: -1, pinned: -1, head: -1};
  box(view, "signs", "signs", () => writeAll(view));
  box(view, "whole", "full", () => rebuild(view));
  choices(part("grains"), "grain", GRAINS.map((grain) => [grain, grain[0].toUpperCase() + grain.slice(1)]),
    preferences.grain, (grain) => {
      prefer({grain});
      rebuild(view);
    });
  listen(view);
  listenRange(view);
  listenHandle(view);
  follow(view);
  return view;
}

function box(view, name, preference, changed) {
  const input = view.part(name);
  input.checked = preferences[preference];
  input.addEventListener("change", () => {
    prefer({[preference]: input.checked});
    changed();
  });
}

function show(view, sent) {
  const rebuilt = view.sent?.sample !== sent.sample;
  if (view.wanted && view.wanted.key !== sent.live?.key) letGo(view);
  view.sent = sent;
  steer(view);
  if (rebuilt) build(view, sent.pinned ?? -1);
  modes(view);
  recolour(view);
  announce(view);
}

function rebuild(view) {
  build(view, view.pinned);
  drawKeys(view);
  recolour(view);
  announce(view);
}

// Colouring, on every change of data, mode or threshold

function trainable(sample, t) {
  return (sample.marks[t] & sample.response) !== 0;
}

const MANY = 1000; // nodes
const STILL = 100; // milliseconds without a move

/** All that follows from the verdicts. In a long text, what is out of sight is left until a moving threshold rests; what
 *  is only heard, until there is time. */
function recolour(view) {
  const near = view.moving && view.nodes.length > MANY ? inSight(view) : null;
  paint(view, near);
  mark(view, near);
  panel(view);
  clearTimeout(view.resting);
  if (near) view.resting = setTimeout(() => [paint, mark].forEach((rest) => rest(view)), STILL);
  view.later ??= idle(() => {
    view.later = null;
    if (view.element.isConnected) announce(view);
  });
}

function idle(act) {
  return globalThis.requestIdleCallback ? requestIdleCallback(act, {timeout: 500}) : setTimeout(act, 200);
}

/** Which nodes lie in the part of the box that is seen. It cannot be scrolled while a threshold moves. */
function inSight(view) {
  const {list, nodes, sight} = view;
  const [top, height] = [list.scrollTop, list.clientHeight];
  if (sight?.nodes === nodes && sight.top === top && sight.height === height) return sight.near;
  const near = nodes.map(({offsetTop, offsetHeight}) => offsetTop + offsetHeight >= top && offsetTop <= top + height);
  view.sight = {nodes, top, height, near};
  return near;
}

/** Backgrounds, of all nodes or of those `near`. */
function paint(view, near = null) {
  const {sample, nodes, element, parts, drawn} = view;
  const mode = shownMode(sample);
  element.dataset.mode = mode;
  const k = sample.attributes.findIndex(({name}) => name === mode);
  fills(sample, mode, parts, drawn[k]).forEach((classes, u) => (near?.[u] ?? true) && set(nodes[u].inner, classes));
  legend(view, mode);
}

/** Bars: they change with the verdicts, not with the mode. */
function mark(view, near = null) {
  const {sample, nodes, stops, parts, drawn} = view;
  parts.forEach((part, u) => {
    if (!(near?.[u] ?? true)) return;
    const bars = drawn.map((places, k) => barClass(k, places[u], share(having(sample.failed, part, 1 << k), part) === "all"));
    set(nodes[u], `${nodes[u].kind} ${bars.join(" ")}${having(sample.hand, part) ? " hand" : ""}`);
  });
  for (const chip of stops) if (chip.hole) describe(view, chip);
}

function set(element, classes) {
  if (element.drawn !== classes) element.className = element.drawn = classes;
}

/** What a chip says. */
function describe({sample, parts}, chip) {
  const [n, dropped] = chip.parts.map((u) => parts[u]).reduce(([n, dropped], part) =>
    [n + part[1] - part[0] + 1, dropped + having(sample.bits, part)], [0, 0]);
  const count = n.toLocaleString("en");
  const gone = dropped ? `, ${dropped.toLocaleString("en")} dropped` : "";
  const kind = !trainable(sample, parts[chip.parts[0]][0]) ? "prompt " : dropped || !sample.attributes.length ? "" : "kept ";
  const says = (chip.blanks === null ? `… ${count} ${kind}tokens` : `${chip.blanks} in ${count} tokens`) + gone;
  if (chip.textContent !== says) chip.textContent = says; // else all of the text is laid out anew
  chip.ariaLabel = `${chip.textContent}, ${chip.hole.hidden ? "folded, Enter shows them" : "shown, Enter folds them"}`;
}

// What is heard

function announce(view) {
  const {sample, parts} = view;
  view.nodes.forEach((node, u) => {
    const says = `${(node.heard ??= title(sample, parts[u]))}, ${outcome(sample, parts[u])}${change(sample, parts[u])}`;
    if (node.says !== says) node.ariaLabel = node.says = says;
  });
}

function title(sample, part) {
  return part[0] === part[1] ? name(sample, part[0]) : quote(textOf(sample, part), 300);
}

function outcome(sample, part) {
  const [t, last] = part;
  if (!trainable(sample, t)) return "not trained";
  if (!sample.attributes.length) return "trainable";
  if (t < last) {
    const dropped = having(sample.bits, part);
    return dropped ? `${dropped} of ${last - t + 1} dropped` : "kept";
  }
  const names = sample.attributes.filter((_, k) => sample.bits[t] & (1 << k)).map(({title}) => title);
  if (sample.bits[t] & HAND_BIT) names.push("hand");
  if (sample.bits[t] & STRATEGY_BIT) names.push("the strategy");
  if (names.length) return `dropped by ${names.join(" and ")}`;
  return sample.shielded[t] ? "kept, protected" : `kept${sample.hand[t] ? " by hand" : ""}`;
}

function change(sample, part) {
  if (!sample.other) return "";
  const {lost, won} = changes(sample, part);
  const several = part[0] < part[1];
  return (lost ? `, ${several ? `${lost} ` : ""}newly dropped by ${tame(sample.other.name)}` : "")
    + (won ? `, ${several ? `${won} ` : ""}rescued by ${tame(sample.other.name)}` : "");
}

/** A token in words: its text; of several pieces of one character, which one it is. */
function name(sample, t) {
  if (sample.texts[t] === "" && !sample.continues.has(t)) return sample.labels[t] || "empty token";
  if (!sample.continues.has(t) && !sample.continues.has(t + 1)) return quote(sample.texts[t]);
  const k = piece(sample, t);
  let [last, text] = [t, ""];
  while (sample.continues.has(last + 1)) last++;
  for (let i = t - k + 1; i <= last; i++) text += sample.texts[i];
  return `${quote(text)}, piece ${k} of ${last - t + k}`;
}
