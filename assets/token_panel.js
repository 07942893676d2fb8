// What stands around the text: mode switch, legend, and the panel on one token.

const HINT = "Point at a token, or move with the arrow keys, to see what is known of it. Enter pins it.";

function modes(view) {
  const titles = [["verdict", "Verdict"], ...view.sample.attributes.map(({name, title}) => [name, title])];
  const box = view.part("modes");
  if (box.dataset.titles === JSON.stringify(titles)) return;
  box.dataset.titles = JSON.stringify(titles);
  box.hidden = view.part("table").hidden = titles.length === 1;
  view.part("rules").textContent = rules(view.sample.attributes);
  view.part("keys").replaceChildren(...keys(view.sample));
  box.replaceChildren(box.querySelector("legend"));
  const group = `mode-${Math.random().toString(36).slice(2)}`;
  for (const [value, title] of titles) {
    const choice = node("label", {});
    const input = node("input", {type: "radio", name: group, value});
    input.checked = value === preferences.mode;
    input.addEventListener("change", () => {
      preferences.mode = value;
      paint(view);
    });
    choice.append(input, node("span", {}, title));
    box.append(choice);
  }
}

function legend(view, mode) {
  const attribute = view.sample.attributes.find(({name}) => name === mode);
  view.part("scale").classList.toggle("bare", !attribute);
  if (!attribute) {
    view.part("reading").textContent = view.sample.summary;
    return;
  }
  const {limits, order, range} = attribute;
  view.part("ramp").style.setProperty("--ramp", `var(--${mode}-ramp)`);
  const percentile = attribute.scale === "percentile";
  const at = (value, otherwise) => (value === null ? otherwise : 100 * place(attribute, order, value));
  const zone = node("span", {class: "zone"});
  zone.style.left = `${at(limits[0], 0)}%`;
  zone.style.right = `${100 - at(limits[1], 100)}%`;
  view.part("zones").replaceChildren(...(active(limits) && order.length ? [zone] : []));
  view.part("ticks").replaceChildren(...limits.filter((limit) => inside(limit, attribute)).flatMap((limit) => {
    const [tick, mark] = [node("span", {class: "tick"}), node("span", {class: "mark"}, number(limit))];
    tick.style.left = mark.style.left = `${at(limit)}%`;
    mark.style.transform = `translateX(-${at(limit)}%)`;
    return [tick, mark];
  }));
  const ends = percentile ? [order[0], order.at(-1)] : range;
  view.part("low").textContent = number(ends[0] ?? NaN);
  view.part("middle").textContent = percentile ? `median ${number(order[order.length >> 1] ?? NaN)}` : "";
  view.part("high").textContent = measured(ends[1] ?? NaN, attribute);
  const scale = percentile ? "the percentile within this sample" : "linear in the value";
  view.part("reading").textContent = `${attribute.help} Colour is ${scale}; hatched is dropped (${
    region(limits, attribute.drops)}). ${attribute.note}`;
}

function measured(value, {unit}) {
  return `${number(value)} ${unit}`.trim();
}

function inside(limit, {scale, order, range}) {
  if (limit === null || order.length === 0) return false;
  const [low, high] = scale === "percentile" ? [order[0], order.at(-1)] : range;
  return low < limit && limit < high;
}

function keys(sample) {
  const item = (mark, words) => {
    const line = node("li", {});
    line.append(mark, ` ${words}`);
    return line;
  };
  const swatch = (outer, inner) => {
    const mark = node("span", {class: `token swatch ${outer}`, "aria-hidden": "true"});
    mark.append(node("span", {class: inner}, "token"));
    return mark;
  };
  const scored = sample.attributes.length > 0;
  const dashes = node("span", {class: "bar", "aria-hidden": "true"});
  dashes.style.background = "var(--dashes)";
  return [
    ...(scored ? [item(swatch("", "fill dropped"), "dropped")] : [item(swatch("", "fill"), "trainable")]),
    item(swatch("quiet", ""), "not trained"),
    item(swatch("quiet special", ""), "special"),
    ...sample.attributes.map((attribute) => item(stroke(attribute), attribute.title)),
    ...(scored ? [item(dashes, "dashed = fails; the stronger, the higher")] : []),
  ];
}

/** A sample of an attribute's underline bar. */
function stroke({name}) {
  const mark = node("span", {class: "bar", "aria-hidden": "true"});
  mark.style.background = `var(--${name})`;
  return mark;
}

function panel(view) {
  const {sample, part} = view;
  const t = [view.pinned, view.hovered, view.focused].find((token) => token >= 0);
  part("hint").hidden = t !== undefined;
  part("facts").hidden = t === undefined;
  if (t === undefined) {
    part("hint").textContent = HINT;
    return;
  }
  part("quote").textContent = name(sample, t);
  part("pinned").hidden = view.pinned < 0;
  part("place").textContent = `id ${sample.ids[t]} · position ${t} · ${sample.roles[sample.marks[t]]}`;
  part("sentence").textContent = sample.sentences[t] || silence(sample, t);
  part("rows").replaceChildren(...sample.attributes.map((attribute, k) => row(sample, attribute, k, t)));
}

/** What is said of a token that no sentence comes with. */
function silence(sample, t) {
  if (!trainable(sample, t)) return "Not trained: the loss never sees it, so it is neither kept nor dropped.";
  return sample.attributes.length ? "Kept: it fails no attribute." : "Trainable: the loss may see it.";
}

function row(sample, attribute, k, t) {
  const value = attribute.values[t];
  const failed = (sample.failed[t] & (1 << k)) !== 0;
  const known = trainable(sample, t) && !Number.isNaN(value);
  const line = node("tr", {class: failed && known ? "failed" : ""});
  const title = node("th", {scope: "row"});
  title.append(stroke(attribute), ` ${attribute.title}`);
  line.append(title, ...[
    known ? measured(value, attribute) : "none",
    known ? `${(100 * rank(attribute.order, value)).toFixed(1)} %` : "",
    region(attribute.limits, attribute.drops),
    !known ? "" : failed ? "✗ fail" : "✓ pass",
  ].map((text) => node("td", {}, text)));
  return line;
}
