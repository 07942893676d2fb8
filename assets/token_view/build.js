// Builds the nodes of a sample's chunks. Data reach the page through text nodes and attributes only.

function build(view, pinned) {
  const {sample} = view;
  const parts = chunks(sample, preferences.grain);
  const partOf = new Int32Array(sample.length);
  parts.forEach(([first, last], u) => partOf.fill(u, first, last + 1));
  const drawn = sample.attributes.map((attribute) => Float32Array.from(parts, (part) =>
    place(attribute, attribute.order, average(attribute.values, part).mean)));
  Object.assign(view, {parts, partOf, drawn, nodes: [], gaps: [], stops: [], hovered: -1, focused: -1, pinned});
  if (pinned < 0) view.head = -1;
  view.list.replaceChildren(tree(view, layout(sample, parts)));
  writeAll(view);
  reveal(view.nodes[partOf[pinned]]);
  const start = view.nodes[partOf[pinned]] ?? view.nodes.find(({token}) => trainable(sample, token)) ?? view.nodes[0];
  view.at = view.stops.indexOf(start);
  rove(view);
  select(view);
}

/** All nodes, within what folds them away, sets them from right to left or groups the pieces of a character. */
function tree(view, items) {
  const texts = items.map(({text, label}) => label ?? text);
  const snips = preferences.full || !long(view.sample) ? [] : foldable(view.sample, view.parts).map(
    ([from, to]) => [items.findIndex(({u}) => u === from), items.findIndex(({u}) => u === to)]);
  const blanks = within(texts, snips, blankRuns);
  const hidden = new Set(blanks.flatMap(([first, last]) => range(first, last)));
  const shown = texts.map((text, i) => (hidden.has(i) ? "\n" : text));
  const root = document.createDocumentFragment();
  nest(root, items.length, [
    [snips, (span) => fold(view, items, span, null)],
    [blanks, (span) => fold(view, items, span, blankWords(inside(items, span).map(({text}) => text).join("")))],
    [within(shown, snips, rightToLeftRuns), () => node("bdi", {dir: "rtl"})],
    [preferences.grain === "token" ? characters(items, view.sample.continues) : [],
      () => node("span", {class: "unit", role: "group", "aria-label": "one character"})],
  ], (parent, i) => parent.append(leaf(view, items[i])));
  return root;
}

function range(first, last) {
  return Array.from({length: last - first + 1}, (_, k) => first + k);
}

function inside(items, [from, to]) {
  return items.slice(from, to + 1);
}

/** Chunks and the stretches of text between them that no token covers, in order: {u, text, label?}, u = -1 for a gap. */
function layout(sample, parts) {
  const items = [];
  parts.forEach((part, u) => {
    const [first] = part;
    if (sample.gaps[first] !== undefined) items.push({u: -1, text: sample.gaps[first]});
    const text = textOf(sample, part);
    const empty = text === "" && !sample.continues.has(first);
    items.push({u, text, ...(empty && {label: sample.labels[first] || "∅"})});
  });
  if (sample.gaps[sample.length] !== undefined) items.push({u: -1, text: sample.gaps[sample.length]});
  return items;
}

/** Runs of tokens that share a character. */
function characters(items, continues) {
  const runs = [];
  items.forEach(({u}, i) => {
    if (!continues.has(u)) return;
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

function leaf(view, {u, text, label}) {
  if (u < 0) {
    const gap = node("span", {class: "gap"});
    Object.assign(gap, {source: text, inner: gap});
    view.gaps.push(gap);
    return gap;
  }
  const token = node("span", {role: "option", tabindex: -1});
  token.inner = node("span", {});
  token.append(token.inner);
  const [first] = view.parts[u];
  Object.assign(token, {token: first, source: text, kind: `token ${kind(view.sample, first)}`});
  if (label !== undefined) token.inner.dataset.label = tame(label);
  else if (text === "") token.inner.dataset.label = "·";
  else if (invisible(text)) token.inner.dataset.label = codes(text);
  view.nodes[u] = token;
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

/** A run of chunks behind a button that says what it holds: `blanks`, or tokens of which it is told what becomes. */
function fold(view, items, span, blanks) {
  const box = node("span", {role: "group", "aria-label": blanks === null ? "folded tokens" : "folded blanks"});
  const chip = node("span", {class: "chip", role: "option", tabindex: -1});
  chip.hole = node("span", {hidden: ""});
  chip.blanks = blanks;
  chip.parts = inside(items, span).map(({u}) => u).filter((u) => u >= 0);
  box.hole = chip.hole;
  box.append(chip, chip.hole);
  view.stops.push(chip);
  return box;
}

/** Opens what a node is folded in. */
function reveal(node) {
  for (let hole = node?.closest("[hidden]"); hole; hole = hole.closest("[hidden]")) unfold(hole.previousSibling, true);
}

function unfold(chip, opened) {
  chip.hole.hidden = !opened;
  chip.classList.toggle("opened", opened);
}

function writeAll(view) {
  for (const element of [...view.nodes, ...view.gaps]) write(element, preferences.signs);
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
