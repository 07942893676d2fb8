// Moving a threshold by pointer, touch and keyboard. What is on its way is told to all views of the page by an event;
// letting go reports it to the server.

const STEP = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10};
const PAUSE = 600; // milliseconds after the last key press

function tell(attribute, place) {
  const detail = {key: stage.payload.key, attribute, place};
  document.dispatchEvent(new CustomEvent("xtf-live", {detail}));
}

function listen(view, card) {
  const {handle} = card;
  const drag = {pointer: null, offset: 0, moved: false};
  const across = (event) => {
    const box = card.drawing.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no text is selected on the way
    handle.setPointerCapture(event.pointerId);
    handle.focus({preventScroll: true});
    Object.assign(drag, {pointer: event.pointerId, offset: across(event) - where(card, placeOf(card)), moved: false});
  });
  handle.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag.pointer) return;
    const place = nearest(handles(card), across(event) - drag.offset, placeOf(card));
    if (place !== placeOf(card)) drag.moved = true;
    go(card, place);
  });
  const end = (kept) => (event) => {
    if (event.pointerId !== drag.pointer) return;
    drag.pointer = null;
    if (!kept) cancel(card);
    else if (drag.moved) commit(view, card);
  };
  handle.addEventListener("pointerup", end(true));
  handle.addEventListener("pointercancel", end(false));
  handle.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && moving(card)) {
      drag.pointer = null;
      cancel(card);
    } else if (event.key === "Enter") commit(view, card);
    else if (!step(view, card, event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit's own shortcuts stay out of it
  });
  handle.addEventListener("blur", () => card.timer && commit(view, card));
}

function attributeOf(card) {
  return stage.payload.attributes[card.k];
}

function moving(card) {
  return stage.moved?.attribute === attributeOf(card).name;
}

function placeOf(card) {
  return moving(card) ? stage.moved.place : attributeOf(card).grid.now;
}

function where(card, place) {
  const {axis, grid, drops} = attributeOf(card);
  return handleAt(axis, grid, place, drops);
}

/** Positions of the handle at all places. */
function handles(card) {
  const attribute = attributeOf(card);
  if (card.handles?.of !== attribute) {
    card.handles = {of: attribute, at: Array.from(attribute.grid.values, (_, place) => where(card, place))};
  }
  return card.handles.at;
}

function go(card, place) {
  if (place === placeOf(card)) return;
  tell(attributeOf(card).name, place === attributeOf(card).grid.now ? null : place);
}

function cancel(card) {
  clearTimeout(card.timer);
  card.timer = 0;
  tell(attributeOf(card).name, null);
}

/** A key of a slider; false for any other. */
function step(view, card, key) {
  const attribute = attributeOf(card);
  const last = attribute.grid.values.length - 1;
  const from = flip(attribute, placeOf(card));
  const to = key === "Home" ? 0 : key === "End" ? last : from + (STEP[key] ?? NaN);
  if (Number.isNaN(to)) return false;
  go(card, flip(attribute, Math.min(last, Math.max(0, to))));
  clearTimeout(card.timer);
  card.timer = setTimeout(() => commit(view, card), PAUSE);
  return true;
}

function commit(view, card) {
  clearTimeout(card.timer);
  card.timer = 0;
  if (!moving(card)) return;
  const {name, grid} = attributeOf(card);
  view.report({attribute: name, place: stage.moved.place, value: grid.values[stage.moved.place]});
}
