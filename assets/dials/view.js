// The component's entry. It is mounted twice on a page: {part: "numbers", key} shows the read-outs of the dataset, {part:
// "dials", key, …} holds the payload and shows cards and reasons. Both draw what the stage holds.
// xtf/figures/dials.py joins the files of this folder into one module: no imports, no build step.

const views = new Map(); // by root; Streamlit calls the default export again whenever data change
const stage = {payload: null, moved: null, frame: 0}; // moved: {attribute, place} while a threshold is on its way

export default function ({data, parentElement, setTriggerValue}) {
  let view = views.get(parentElement);
  if (!view?.element.isConnected) {
    view = {element: parentElement.querySelector(".dials"), part: data.part};
    views.set(parentElement, view);
  }
  view.key = data.key;
  view.report = (move) => setTriggerValue("moved", move);
  if (data.part === "dials") take(data);
  draw();
}

/** The same payload again, as on every run of the page's script, leaves a threshold that is on its way alone. */
function take(data) {
  const {payload} = stage;
  if (data.key === payload?.key && data.trainable === payload.trainable) payload.against = data.against;
  else Object.assign(stage, {payload: decode(data), moved: null});
}

document.addEventListener("xtf-live", ({detail: {key, attribute, place}}) => {
  if (key !== stage.payload?.key) return;
  stage.moved = place === null ? null : {attribute, place};
  stage.frame ||= requestAnimationFrame(draw);
});

/** In a text box Ctrl+Z is the box's own, not the page's shortcut for Undo. */
window.addEventListener("keydown", (event) => {
  const typing = event.composedPath()[0].matches?.("input:not([type=checkbox], [type=radio]), textarea");
  if (typing && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") event.stopPropagation();
}, true);

function draw() {
  cancelAnimationFrame(stage.frame);
  stage.frame = 0;
  const {payload, moved} = stage;
  if (!payload) return;
  const k = payload.attributes.findIndex(({name}) => name === moved?.attribute);
  const counted = state(payload, k, moved?.place ?? null);
  for (const [root, view] of views) {
    if (!view.element.isConnected) views.delete(root);
    else if (view.key !== payload.key) continue; // its own data are on the way
    else if (view.part === "numbers") fillNumbers(view, payload, counted, moved);
    else fillDials(view, payload, counted, moved);
  }
}

function fillNumbers(view, payload, counted, moved) {
  const shape = String(payload.overruled);
  if (view.shape !== shape) {
    view.shape = shape;
    view.made = makeNumbers(payload);
    view.element.replaceChildren(view.made.list);
  }
  view.made.fill(payload, counted, moved);
}

/** Cards are made anew only where their histogram or rule is another one: a handle that is held keeps its focus. */
function fillDials(view, payload, counted, moved) {
  view.cards ??= [];
  if (view.reasons === undefined) {
    view.reasons = makeReasons(payload);
    view.row = node("div", {class: "cards"});
    view.element.replaceChildren(view.row, view.reasons.element);
  }
  view.reasons.fill(payload, counted);
  payload.attributes.forEach((attribute, k) => {
    const {grid, shape} = attribute;
    let card = view.cards[k];
    if (card?.shape !== shape) {
      const old = card;
      card = view.cards[k] = Object.assign(makeCard(payload, k), {shape});
      if (grid) listen(view, card);
      if (old) old.element.replaceWith(card.element);
      else view.row.append(card.element);
    } else if (card.of !== grid) card.drawn = -1;
    card.of = grid;
    const place = moved?.attribute === attribute.name ? moved.place : grid?.now;
    fillCard(card, payload, counted, place);
    if (grid) card.handle.setAttribute("aria-valuetext", `${card.setting.textContent}, ${card.effect.textContent}`);
  });
}
