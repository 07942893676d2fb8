// The panel on one token, or on a chunk or range of several.

const HINT = "Point at a token, or move with the arrow keys, to see what is known of it. Enter pins it.";
const HEADS = {one: ["Attribute", "Value", "Percentile", "Drops", "Result"],
  several: ["Attribute", "Mean", "Sum", "Scored", "Fail"]};
const HAND_WORDS = ["", "kept, as all of its class", "dropped, as all of its class", "kept, as every such token",
  "dropped, as every such token", "kept, in this stretch", "dropped, in this stretch"]; // xtf.overrides.Hand

/** The range of tokens that the panel is about, or null. */
function subject(view) {
  if (view.pinned >= 0) return selection(view);
  const t = [view.hovered, view.focused].find((token) => token >= 0);
  return t === undefined ? null : view.parts[view.partOf[t]];
}

function panel(view) {
  const {sample, part} = view;
  const shown = subject(view);
  part("hint").hidden = shown !== null;
  part("facts").hidden = shown === null;
  decide(view, shown);
  if (shown === null) {
    part("hint").textContent = HINT;
    return;
  }
  const one = shown[0] === shown[1];
  part("pinned").hidden = view.pinned < 0;
  part("quote").textContent = one ? name(sample, shown[0]) : quote(textOf(sample, shown));
  (one ? tellOne : tellSeveral)(view, shown);
  versus(view, shown);
}

function heads(view, kind) {
  if (view.heads === kind) return;
  view.heads = kind;
  view.part("heads").replaceChildren(...HEADS[kind].map((title) => node("th", {scope: "col"}, title)));
}

function tellOne(view, [t]) {
  const {sample, part} = view;
  part("place").textContent = `id ${sample.ids[t]} · position ${t} · ${sample.roles[sample.marks[t]]}`;
  const hand = HAND_WORDS[sample.hand[t]];
  part("sentence").textContent = reasonWhy(sample, t) + (hand && !sample.sentences[t] ? ` By hand: ${hand}.` : "");
  heads(view, "one");
  part("rows").replaceChildren(...sample.attributes.map((attribute, k) => row(sample, attribute, k, t)));
  likeliest(view, t);
}

/** The server's sentence, unless the threshold that it goes by is being moved. */
function reasonWhy(sample, t) {
  if (!trainable(sample, t)) return "Not trained: the loss never sees it, so it is neither kept nor dropped.";
  const bit = 1 << sample.attributes.findIndex(({name}) => name === sample.moved);
  if (sample.moved && (sample.failed[t] | sample.before.failed[t]) & bit) return wouldBe(sample, t);
  if (sample.sentences[t]) return sample.sentences[t];
  return sample.attributes.length ? "Kept: it fails no attribute." : "Trainable: the loss may see it.";
}

function row(sample, attribute, k, t) {
  const value = attribute.values[t];
  const failed = (sample.failed[t] & (1 << k)) !== 0;
  const known = trainable(sample, t) && !Number.isNaN(value);
  return line(attribute, failed && known, [
    known ? measured(value, attribute) : "none",
    known ? `${(100 * rank(attribute.order, value)).toFixed(1)} %` : "",
    region(attribute.limits, attribute.drops),
    !known ? "" : failed ? "✗ fail" : "✓ pass",
  ]);
}

function line(attribute, failed, cells) {
  const made = node("tr", {class: failed ? "failed" : ""});
  const title = node("th", {scope: "row"});
  title.append(stroke(attribute), ` ${attribute.title}`);
  made.append(title, ...cells.map((text) => node("td", {}, text)));
  return made;
}

function tellSeveral(view, shown) {
  const {sample, part} = view;
  const [first, last] = shown;
  const trained = having(sample.marks, shown, sample.response);
  const byHand = having(sample.hand, shown);
  const roles = [...new Set(range(first, last).map((t) => sample.roles[sample.marks[t]]))];
  part("place").textContent = `${last - first + 1} tokens · positions ${first} to ${last} · ${
    roles.slice(0, 3).join("; ")}${roles.length > 3 ? " …" : ""}`;
  part("sentence").textContent = !trained ? "Not trained: the loss never sees these tokens."
    : !sample.attributes.length ? `${trained} tokens are trainable.`
      : `${having(sample.bits, shown)} of ${trained} ${sample.moved ? "would be dropped" : "dropped"}.${
        byHand ? ` ${byHand} decided by hand.` : ""}`;
  heads(view, "several");
  part("rows").replaceChildren(...sample.attributes.map((attribute, k) => {
    const {n, mean, sum} = average(attribute.values, shown);
    const failed = having(sample.failed, shown, 1 << k);
    return line(attribute, failed > 0, [n ? measured(mean, attribute) : "none", n ? number(sum) : "",
      `${n} of ${last - first + 1}`, n ? `${failed} of ${n}` : ""]);
  }));
  part("others").hidden = true;
}

/** What a second setting says. */
function versus({sample, part}, [first, last]) {
  const {other} = sample;
  part("versus").hidden = !other || !having(sample.marks, [first, last], sample.response);
  if (part("versus").hidden) return;
  const title = tame(other.name);
  if (first < last) {
    const {lost, won} = changes(sample, [first, last]);
    part("versus").textContent = `${title}: ${having(other.bits, [first, last])} dropped (${lost} newly, ${won} rescued).`;
  } else {
    part("versus").textContent = `${title}: ${other.sentences[first] ?? "Kept."}`;
  }
}

/** The likeliest tokens in the place of one, the true one marked. */
function likeliest({sample, part}, t) {
  const found = sample.alternatives;
  part("others").hidden = !sample.attributes.length || !trainable(sample, t);
  if (part("others").hidden) return;
  part("likeliest").textContent = found ? "The base model's likeliest tokens here"
    : "The base model's likeliest tokens here: alternatives are not computed yet.";
  part("alternatives").replaceChildren(...(found ? ranked(sample, t) : []));
}

function ranked(sample, t) {
  const {ids, p, texts, rank, rowOf} = sample.alternatives;
  const [row, top] = [rowOf[t], ids.length / rank.length];
  const items = range(0, top - 1).map((i) => row * top + i).filter((i) => ids[i] >= 0)
    .map((i) => guess(texts[ids[i]] ?? `id ${ids[i]}`, p[i], ids[i] === sample.ids[t]));
  if (items.some(({isTrue}) => isTrue)) return items;
  const own = sample.attributes.find(({name}) => name === "novelty")?.values[t] ?? NaN;
  const place = rank[row] >= 0 ? `, number ${(rank[row] + 1).toLocaleString("en")}` : "";
  return [...items, guess(sample.types[sample.ids[t]] ?? sample.texts[t], own, true, place)];
}

function guess(text, p, isTrue, place = "") {
  const made = node("li", {class: isTrue ? "true" : ""});
  const bar = node("span", {class: "guess", "aria-hidden": "true"});
  bar.style.width = `${(100 * (p || 0)).toFixed(1)}%`;
  made.append(node("code", {}, text === "" ? "∅" : quote(text, 24)), node("span", {class: "share"}, percent(p)), bar);
  if (isTrue) made.append(node("span", {class: "mine"}, `◀ this token${place}`));
  made.isTrue = isTrue;
  return made;
}

function percent(p) {
  if (Number.isNaN(p)) return "";
  const text = (100 * p).toFixed(1);
  return p > 0 && text === "0.0" ? "< 0.1 %" : p < 1 && text === "100.0" ? "> 99.9 %" : `${text} %`;
}
