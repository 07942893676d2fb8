// The component's entry, and the colouring of the nodes that token_build.js makes.
// xtf/figures/tokens.py joins the token_*.js files into one module: no imports, no build step.

const views = new WeakMap(); // Streamlit calls the default export again, on the same root, whenever data change
const preferences = {mode: "novelty", signs: false}; // survive the remount that another sample causes

export default function ({data, parentElement, setStateValue}) {
  let view = views.get(parentElement);
  if (!view?.element.isConnected) {
    view = mount(parentElement.querySelector(".view"));
    views.set(parentElement, view);
  }
  view.report = (token) => setStateValue("pinned", token);
  show(view, decode(data));
}

// Data

function decode(data) {
  const attributes = data.attributes.map((attribute) => {
    const values = new Float32Array(bytes(attribute.values));
    return {...attribute, values, order: sorted(values)};
  });
  const octets = (name) => new Uint8Array(bytes(data[name]));
  return {...data, attributes, length: data.texts.length, continues: new Set(data.pieces),
    ids: new Int32Array(bytes(data.ids)), marks: octets("marks"), bits: octets("bits"), failed: octets("failed"),
    shielded: octets("shielded")};
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

// Life of a view

function mount(element) {
  const part = (name) => element.querySelector(`.${name}`);
  const view = {element, part, list: part("text"), hovered: -1, focused: -1, pinned: -1};
  const signsBox = part("signs");
  signsBox.checked = preferences.signs;
  signsBox.addEventListener("change", () => {
    preferences.signs = signsBox.checked;
    writeAll(view);
  });
  listen(view);
  return view;
}

function show(view, sample) {
  const rebuilt = view.sample?.sample !== sample.sample;
  view.sample = sample;
  if (rebuilt) build(view, sample.pinned ?? -1);
  modes(view);
  mark(view);
  paint(view);
  panel(view);
}

// Colouring, on every change of data or mode

function trainable(sample, t) {
  return (sample.marks[t] & sample.response) !== 0;
}

function paint(view) {
  const {sample, tokens, element} = view;
  const mode = sample.attributes.some(({name}) => name === preferences.mode) ? preferences.mode : "verdict";
  element.dataset.mode = mode;
  fills(sample, mode).forEach((classes, t) => set(tokens[t].inner, classes));
  legend(view, mode);
}

/** Bars and labels: they change with the verdicts, not with the mode. */
function mark(view) {
  const {sample, tokens, stops} = view;
  const bars = sample.attributes.map((attribute) => places(attribute, attribute.order));
  tokens.forEach((token, t) => {
    const drawn = bars.map((places, k) => barClass(k, places[t], trainable(sample, t) && sample.failed[t] & (1 << k)));
    set(token, `${token.kind} ${drawn.join(" ")}`);
    const words = `${name(sample, t)}, ${outcome(sample, t)}`;
    if (token.ariaLabel !== words) token.ariaLabel = words;
  });
  for (const chip of stops.filter(({hole}) => hole)) {
    const dropped = chip.tokens.filter((t) => sample.bits[t]).length;
    chip.textContent = chip.holds + (dropped ? `, ${dropped.toLocaleString("en")} dropped` : "");
  }
}

function set(element, classes) {
  if (element.className !== classes) element.className = classes;
}

function outcome(sample, t) {
  if (!trainable(sample, t)) return "not trained";
  if (!sample.attributes.length) return "trainable";
  const names = sample.attributes.filter((_, k) => sample.bits[t] & (1 << k)).map(({title}) => title);
  if (names.length) return `dropped by ${names.join(" and ")}`;
  if (sample.failed[t]) return sample.shielded[t] ? "kept, protected" : "kept";
  return "kept";
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
