// Builds the tokens' nodes, once per sample. Data reach the page through text nodes and attributes only.

function build(view, pinned) {
  const {sample} = view;
  Object.assign(view, {tokens: [], gaps: [], stops: [], hovered: -1, focused: -1, pinned});
  const items = layout(sample);
  const shown = items.map(({text, label}) => label ?? text);
  const folds = blankRuns(shown);
  const folded = new Set(folds.flatMap(([first, last]) => range(first, last)));
  const layers = [
    [folds, (span) => fold(view, items, span)],
    [rightToLeftRuns(shown.map((text, i) => (folded.has(i) ? "\n" : text))), () => node("bdi", {dir: "rtl"})],
    [units(items, sample.continues), () => node("span", {class: "unit", role: "group"})],
  ];
  const root = document.createDocumentFragment();
  nest(root, items.length, layers, (parent, i) => parent.append(leaf(view, items[i])));
  writeAll(view);
  view.list.replaceChildren(root);
  const start = view.tokens[pinned] ?? view.tokens.find((_, t) => trainable(sample, t)) ?? view.tokens[0];
  view.tokens[pinned]?.setAttribute("aria-selected", "true");
  view.at = view.stops.indexOf(start);
  rove(view);
}

function range(first, last) {
  return Array.from({length: last - first + 1}, (_, k) => first + k);
}

/** Tokens and the stretches of text that no token covers, in order: {t, text, label?}, t = -1 for a gap. */
function layout(sample) {
  const items = [];
  for (let t = 0; t <= sample.length; t++) {
    if (sample.gaps[t] !== undefined) items.push({t: -1, text: sample.gaps[t]});
    if (t === sample.length) break;
    const empty = sample.texts[t] === "" && !sample.continues.has(t);
    items.push({t, text: sample.texts[t], ...(empty && {label: sample.labels[t] || "∅"})});
  }
  return items;
}

/** Runs of tokens that share a character. */
function units(items, continues) {
  const runs = [];
  items.forEach(({t}, i) => {
    if (!continues.has(t)) return;
    if (runs.at(-1)?.[1] === i - 1) runs.at(-1)[1] = i;
    else runs.push([i - 1, i]);
  });
  return runs;
}

/** Appends leaves 0..length-1 within elements made for each layer's runs; outer layers come first. */
function nest(root, length, layers, append) {
  const next = layers.map(() => 0);
  const stack = [{element: root, last: Infinity}];
  for (let i = 0; i < length; i++) {
    layers.forEach(([runs, make], k) => {
      if (runs[next[k]]?.[0] !== i) return;
      const element = make(runs[next[k]]);
      stack.at(-1).element.append(element);
      stack.push({element: element.hole ?? element, last: runs[next[k]++][1]});
    });
    append(stack.at(-1).element, i);
    while (stack.at(-1).last <= i) stack.pop(); // runs of two layers may overlap: the inner one then ends both
  }
}

function node(tag, attributes, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function leaf(view, {t, text, label}) {
  if (t < 0) {
    const gap = node("span", {class: "gap"});
    Object.assign(gap, {source: text, inner: gap});
    view.gaps.push(gap);
    return gap;
  }
  const token = node("span", {role: "option", tabindex: -1});
  token.inner = node("span", {});
  token.append(token.inner);
  Object.assign(token, {token: t, source: text, kind: `token ${kind(view.sample, t)}`});
  if (label !== undefined) token.inner.dataset.label = tame(label);
  else if (text === "") token.inner.dataset.label = "·";
  else if (invisible(text)) token.inner.dataset.label = codes(text);
  view.tokens[t] = token;
  view.stops.push(token);
  return token;
}

function kind(sample, t) {
  return [trainable(sample, t) ? "" : "quiet", sample.marks[t] & sample.special ? "special" : ""]
    .filter((name) => name).join(" ");
}

/** Which piece of its character a token is, counted from 1. */
function piece(sample, t) {
  let first = t;
  while (sample.continues.has(first)) first--;
  return t - first + 1;
}

/** A run of blanks behind a button that says what it holds. */
function fold(view, items, [first, last]) {
  const inside = items.slice(first, last + 1);
  const box = node("span", {role: "group"});
  const chip = node("span", {class: "chip", role: "option", tabindex: -1, "aria-expanded": "false"});
  chip.hole = node("span", {hidden: ""});
  chip.tokens = inside.map(({t}) => t).filter((t) => t >= 0);
  const words = blankWords(inside.map(({text}) => text).join(""));
  chip.holds = `${words} in ${chip.tokens.length.toLocaleString("en")} tokens`;
  box.hole = chip.hole;
  box.append(chip, chip.hole);
  view.stops.push(chip);
  return box;
}

function writeAll(view) {
  for (const element of [...view.tokens, ...view.gaps]) write(element, preferences.signs);
}

/** Puts the text in. A line break keeps a place for its sign, so that it can be seen, reached and coloured. */
function write(element, withSigns) {
  if (element.filled === withSigns || (element.filled !== undefined && !/\s/.test(element.source))) return;
  element.filled = withSigns;
  const lines = tame(element.source).split("\n");
  element.inner.replaceChildren();
  lines.forEach((line, k) => {
    if (k > 0) element.inner.append(node("span", {class: withSigns ? "break" : "break unseen"}, "⏎"), "\n");
    for (const part of line.split(/([ \t]+)/)) {
      if (part === "") continue;
      element.inner.append(withSigns && part.trim() === "" ? node("span", {class: "sign"}, signs(part)) : part);
    }
  });
}
