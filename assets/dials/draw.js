// The nodes of read-outs, cards and reasons: made once, filled anew with every move. Text goes into text nodes only.

function node(tag, attributes, ...children) {
  const svg = ["svg", "rect", "pattern", "path"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Read-outs of the dataset

function makeNumbers(payload) {
  const list = node("div", {class: "numbers", role: "group", "aria-label": "What the thresholds do to the dataset"});
  const rows = numbers(payload, payload.now, null).map(({label, help}, i) => {
    const parts = ["value", "change", "words"].map((name) => node("span", {class: name}));
    const line = node("p", {class: "first"}, parts[0], parts[1]);
    const cell = node("div", {class: "number", title: help, role: "group", "aria-label": label,
      "aria-describedby": `help${i}`}, node("p", {class: "label"}, label), line, node("p", {class: "second"}, parts[2]),
    node("span", {class: "spoken", id: `help${i}`}, help));
    list.append(cell);
    return parts;
  });
  return {list, fill: (now, counted, moving) => numbers(now, counted, moving).forEach((number, i) => {
    ["value", "change", "words"].forEach((name, j) => write(rows[i][j], number[name] ?? ""));
  })};
}

/** The read-outs in order; moving: whether a threshold is on its way, so that the change is against the state before. */
function numbers(payload, counted, moving) {
  const share = (found) => (payload.trainable ? found.kept / payload.trainable : 0);
  const {against, few} = payload;
  const change = moving ? `${points(share(counted) - share(payload.now))} by this move`
    : against ? `${points(share(counted) - against.share)} against ${against.name}` : "";
  return [
    {label: "Kept", value: percent(share(counted)), change,
      words: `${whole(counted.kept)} of ${whole(payload.trainable)} response tokens`,
      help: "Response tokens that the loss sees."},
    {label: "Dropped", value: whole(counted.dropped), words: "tokens, still in the input",
      help: "Response tokens whose label becomes -100: they stay in the input and give no gradient."},
    {label: "Protected", value: whole(counted.spared), words: "tokens that rules would drop",
      help: `Tokens that the rules would drop, but that are ${payload.protects}.`},
    ...(payload.overruled ? [{label: "By hand", value: whole(counted.byHand), words: "tokens dropped by hand",
      help: `Tokens that an override drops; ${whole(counted.byHandAlone)} of them no rule drops.`}] : []),
    {label: "Nothing kept", value: whole(counted.without), words: counted.without === 1 ? "example" : "examples",
      help: "Examples with response tokens of which the loss sees none."},
    {label: `Fewer than ${few} kept`, value: whole(counted.under), words: counted.under === 1 ? "example" : "examples",
      help: `Examples of which the loss sees fewer than ${few} tokens, those with none included: they teach next to nothing.`},
  ];
}

// One card for each attribute

function makeCard(payload, k) {
  const attribute = payload.attributes[k];
  const part = (name, tag = "p", attributes = {}) => node(tag, {class: name, ...attributes});
  const card = {k, setting: part("setting"), effect: part("effect"), pill: part("pill", "span"),
    handle: part("handle", "div"), lines: [part("line", "div"), part("line", "div")],
    bands: [part("band", "div"), part("band", "div")]};
  const fails = bars(attribute, card);
  card.fails = fails;
  card.handle.append(card.pill);
  const plot = node("div", {class: "plot"}, card.drawing, ...card.bands, ...card.lines, card.handle);
  const title = node("p", {class: "title"}, node("span", {class: "dot"}), attribute.title);
  card.element = node("section", {class: "card", "aria-label": attribute.title, style: `--hue: var(--${attribute.name})`},
    title, node("p", {class: "question"}, attribute.question), card.setting, node("p", {class: "cap"}, capWords(attribute)),
    plot, axis(attribute), card.effect,
    ...attribute.notes.map((text) => node("p", {class: "note"}, text)));
  if (attribute.grid) slider(card, attribute);
  else for (const element of [card.handle, ...card.lines, ...card.bands]) element.hidden = true;
  return card;
}

function bars(attribute, card) {
  const most = Math.max(...attribute.bins, 1);
  const width = 100 / attribute.bins.length;
  const pattern = `hatch-${attribute.name}`;
  const heights = attribute.bins.map((tokens) => (tokens ? Math.max(2, (100 * tokens) / most) : 0));
  const bar = (height, i, look) => node("rect", {x: `${i * width}%`, width: `${0.94 * width}%`, y: `${100 - height}%`,
    height: `${height}%`, ...look});
  const drawn = heights.map((height, i) => bar(height, i, {class: "bar"}));
  const fails = heights.map((height, i) => bar(0, i, {fill: `url(#${pattern})`}));
  const stripes = node("pattern", {id: pattern, width: 5, height: 5, patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)"}, node("rect", {class: "stripe", width: 3.4, height: 5}));
  card.heights = heights;
  card.drawing = node("svg", {class: "bars", role: "img", "aria-label": attribute.picture}, stripes, ...drawn, ...fails);
  return fails;
}

function axis(attribute) {
  const marks = attribute.axis.ticks.map(([at, label]) => {
    const mark = node("span", {}, label);
    mark.style.left = `${100 * at}%`;
    return mark;
  });
  return node("div", {class: "axis", "aria-hidden": "true"}, ...marks, node("span", {class: "name"}, attribute.axis.title));
}

function slider(card, attribute) {
  const last = attribute.grid.values.length - 1;
  for (const [name, value] of Object.entries({role: "slider", tabindex: 0, "aria-label": `Threshold of ${attribute.title}`,
    "aria-valuemin": 0, "aria-valuemax": last, "aria-orientation": "horizontal"})) card.handle.setAttribute(name, value);
}

function fillCard(card, payload, counted, place) {
  const attribute = payload.attributes[card.k];
  write(card.effect, effect(payload, counted, card.k));
  write(card.setting, attribute.grid ? setting(attribute, place) : attribute.silent);
  if (!attribute.grid || card.drawn === place) return;
  card.drawn = place;
  const {grid, axis: scale} = attribute;
  card.handle.setAttribute("aria-valuenow", flip(attribute, place));
  card.heights.forEach((height, i) => {
    const failing = (height * grid.hatch[place * card.heights.length + i]) / 255;
    card.fails[i].setAttribute("y", `${100 - failing}%`);
    card.fails[i].setAttribute("height", `${failing}%`);
  });
  const found = limits(grid, place);
  found.forEach((limit, side) => threshold(card.lines[side], card.bands[side], scale, limit));
  const at = 100 * Math.min(1, Math.max(0, handleAt(scale, grid, place, attribute.drops)));
  const shown = grid.nested ? found[0] ?? found[1] : null;
  write(card.pill, shown ? `◂ ${limitWords(attribute, shown)} ▸` : "◂ ▸");
  card.handle.style.left = `${at}%`;
  card.pill.style.transform = `translateX(-${at}%)`; // so that it stays on the card
}

function threshold(line, band, scale, limit) {
  const inside = (value) => 100 * Math.min(1, Math.max(0, position(scale, value)));
  line.hidden = !limit;
  band.hidden = !limit || !(limit.most > limit.least);
  if (!limit) return;
  line.style.left = `${inside(limit.middle)}%`;
  line.classList.toggle("varies", !band.hidden);
  band.style.left = `${inside(limit.least)}%`;
  band.style.right = `${100 - inside(limit.most)}%`;
}

// Tokens by the attributes that drop them, these and no others

const ORDER = [1, 2, 4, 3, 5, 6, 7];

function makeReasons(payload) {
  const names = node("div", {class: "names", "aria-hidden": "true"},
    ...payload.attributes.map(({short: name}) => node("span", {}, name)));
  const columns = ORDER.map((bits) => {
    const [count, share, bar] = ["count", "share", "stem"].map((name) => node("span", {class: name}));
    const dots = payload.attributes.map(({name}, k) => node("span", {class: bits & (1 << k) ? "hit" : "miss",
      style: `--hue: var(--${name})`}));
    const told = node("span", {class: "spoken"}, `${combination(payload, bits)}: `);
    const item = node("li", {title: combination(payload, bits)}, told, count, share,
      node("span", {class: "stand", "aria-hidden": "true"}, bar), node("span", {class: "dots", "aria-hidden": "true"}, ...dots));
    return {bits, count, share, bar, item};
  });
  const element = node("section", {class: "reasons", "aria-label": "Dropped for exactly these reasons"},
    node("p", {class: "label"}, "Dropped by exactly these attributes"),
    node("div", {class: "upset"}, names, node("ol", {}, ...columns.map(({item}) => item))));
  return {element, fill: (now, counted) => fillReasons(columns, now, counted)};
}

function fillReasons(columns, payload, counted) {
  const most = Math.max(...ORDER.map((bits) => counted.combinations[bits]), 1);
  for (const {bits, count, share, bar} of columns) {
    const tokens = counted.combinations[bits];
    write(count, whole(tokens));
    write(share, percent(payload.trainable ? tokens / payload.trainable : 0));
    bar.style.height = `${(100 * tokens) / most}%`;
  }
}
