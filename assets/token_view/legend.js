// What stands above the text: the switches, and the legend that explains its colours.

function choices(box, group, titles, chosen, choose) {
  const name = `${group}-${Math.random().toString(36).slice(2)}`;
  box.replaceChildren(box.querySelector("legend"), ...titles.map(([value, title]) => {
    const choice = node("label", {});
    const input = node("input", {type: "radio", name, value});
    input.checked = value === chosen;
    input.addEventListener("change", () => choose(value));
    choice.append(input, node("span", {}, title));
    return choice;
  }));
}

function modes(view) {
  const titles = [["verdict", "Verdict"], ...view.sample.attributes.map(({name, title}) => [name, title]),
    ...(view.sample.other ? [["changes", "Changes"]] : [])];
  const box = view.part("modes");
  view.part("whole").parentElement.hidden = !long(view.sample);
  drawKeys(view);
  if (box.dataset.titles === JSON.stringify(titles)) return;
  box.dataset.titles = JSON.stringify(titles);
  box.hidden = view.part("table").hidden = titles.length === 1;
  view.element.classList.toggle("scored", titles.length > 1);
  view.part("rules").textContent = rules(view.sample.attributes);
  choices(box, "mode", titles, shownMode(view.sample), (value) => {
    prefer(view.sample.other ? {compared: value} : {mode: value});
    paint(view);
  });
}

function shownMode({attributes, other}) {
  const mode = other ? preferences.compared : preferences.mode;
  return attributes.some(({name}) => name === mode) || (mode === "changes" && other) ? mode : "verdict";
}

function legend(view, mode) {
  const attribute = view.sample.attributes.find(({name}) => name === mode);
  view.part("scale").classList.toggle("bare", !attribute);
  grip(view, attribute);
  if (!attribute) {
    view.part("reading").textContent = mode === "changes" ? changeWords(view.sample) : summary(view.sample);
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
  view.part("ticks").replaceChildren(...limits.filter((limit) => inRange(limit, attribute)).flatMap((limit) => {
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

/** The server's summary; while a threshold is moved, what would be. */
function summary(sample) {
  if (!sample.moved) return sample.summary;
  const every = [0, sample.length - 1];
  return `${having(sample.bits, every)} of ${having(sample.marks, every, sample.response)} response tokens would not be `
    + "trained.";
}

function changeWords(sample) {
  const {lost, won} = changes(sample, [0, sample.length - 1]);
  return `Against the present setting, ${tame(sample.other.name)} drops ${lost} more and rescues ${won}. It says: ${
    sample.other.summary}`;
}

function measured(value, {unit}) {
  return `${number(value)} ${unit}`.trim();
}

function inRange(limit, {scale, order, range}) {
  if (limit === null || order.length === 0) return false;
  const [low, high] = scale === "percentile" ? [order[0], order.at(-1)] : range;
  return low < limit && limit < high;
}

/** The list of signs, drawn anew only when it says something else. */
function drawKeys(view) {
  const {sample} = view;
  const byHand = having(sample.hand, [0, sample.length - 1]) > 0;
  const ruled = sample.attributes.some(({limits}) => active(limits));
  const needed = JSON.stringify(
    [sample.attributes.map(({title}) => title), preferences.grain, byHand, ruled, !!sample.other]);
  if (view.keys === needed) return;
  view.keys = needed;
  view.part("keys").replaceChildren(...keys(sample, byHand, ruled));
}

function keys(sample, byHand, ruled) {
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
    ...(scored && preferences.grain !== "token" ? [item(swatch("", "fill partly"), "partly dropped")] : []),
    ...(sample.other ? [item(swatch("", "fill lost"), "newly dropped"), item(swatch("", "fill won"), "rescued")] : []),
    ...(byHand ? [item(swatch("hand", "fill"), "by hand")] : []),
    item(swatch("quiet", ""), "not trained"),
    item(swatch("quiet special", ""), "special"),
    ...sample.attributes.map((attribute) => item(stroke(attribute), attribute.title)),
    ...(ruled ? [item(dashes, "dashed = fails; the stronger, the higher")] : []),
  ];
}

/** A sample of an attribute's underline bar. */
function stroke({name}) {
  const mark = node("span", {class: "bar", "aria-hidden": "true"});
  mark.style.background = `var(--${name})`;
  return mark;
}
