// Moves a threshold on the legend, and follows one that is moved here or in another component of the page.
// Components tell each other of it by the event "xtf-live" on the document: {key, attribute, place}; place null is the
// present setting. Only those whose data have the same key (xtf/figures/live.py) follow.

const PATIENCE = 600; // ms without a key press after which a threshold that was moved by keys is committed

function follow(view) {
  const hear = ({detail}) => {
    if (!view.element.isConnected) return document.removeEventListener("xtf-live", hear);
    const live = view.sent?.live;
    if (!live || detail?.key !== live.key || !live.grids[detail.attribute]) return;
    const {attribute, place} = detail;
    const stays = place === null || place === live.grids[attribute].now;
    view.moving = stays ? null : {attribute, place, key: live.key};
    view.frame ??= requestAnimationFrame(() => {
      view.frame = null;
      steer(view);
      recolour(view);
    });
  };
  document.addEventListener("xtf-live", hear);
}

/** Makes the view's sample what it is at the place that the threshold is moved to. */
function steer(view) {
  if (view.moving?.key !== view.sent.live?.key) view.moving = null;
  view.list.classList.toggle("still", Boolean(view.moving));
  view.sample = view.moving ? moved(view.sent, view.moving.attribute, view.moving.place) : view.sent;
}

/** Puts the handle on the threshold of the attribute that is shown, if it can be moved. */
function grip(view, attribute) {
  const handle = view.part("handle");
  const grid = view.sent.movable ? view.sent.live?.grids[attribute?.name] : undefined;
  handle.hidden = !grid || attribute.order.length === 0;
  view.part("ramp").classList.toggle("grips", !handle.hidden);
  if (handle.hidden) {
    view.grip = null;
    return;
  }
  if (view.grip?.grid !== grid) view.grip = {grid, name: attribute.name, rail: rail(attribute, grid)};
  const {low, high} = view.grip.rail;
  const place = present(view);
  const at = Number.isNaN(low[place]) ? (rising(view.grip.rail) ? 0 : 1) : (low[place] + high[place]) / 2;
  handle.style.left = `${100 * at}%`;
  handle.ariaLabel = `Threshold of ${attribute.title}`;
  handle.ariaValueMax = String(grid.values.length - 1);
  handle.ariaValueNow = String(turned(view, place));
  handle.ariaValueText = `drops ${region(attribute.limits, attribute.drops)}`;
}

function present({grip, moving, wanted}) {
  return [wanted, moving].find((one) => one?.attribute === grip.name)?.place ?? grip.grid.now;
}

/** A place counted from the left of the ramp, and back. */
function turned({grip}, place) {
  return rising(grip.rail) ? place : grip.grid.values.length - 1 - place;
}

function move(view, place) {
  const {name, grid} = view.grip;
  const last = grid.values.length - 1;
  view.wanted = {attribute: name, place: Math.min(last, Math.max(0, place)), key: view.sent.live.key};
  tell(view.sent.live.key, name, view.wanted.place === grid.now ? null : view.wanted.place);
}

function tell(key, attribute, place) {
  document.dispatchEvent(new CustomEvent("xtf-live", {detail: {key, attribute, place}}));
}

function commit(view) {
  const {wanted, sent} = view;
  letGo(view);
  const grid = wanted?.key === sent.live?.key && sent.live?.grids[wanted?.attribute];
  if (!grid || wanted.place === grid.now) return;
  const {attribute, place} = wanted;
  view.trigger("moved", {attribute, place, value: grid.values[place]});
}

function cancel(view) {
  if (view.wanted) tell(view.wanted.key, view.wanted.attribute, null);
  letGo(view);
}

function letGo(view) {
  clearTimeout(view.waiting);
  Object.assign(view, {wanted: null, dragging: false, waiting: 0});
}

function listenHandle(view) {
  const [ramp, handle] = [view.part("ramp"), view.part("handle")];
  const drag = (event) => {
    const box = ramp.getBoundingClientRect();
    const at = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    move(view, nearest(view.grip.rail, at, present(view)));
  };
  ramp.addEventListener("pointerdown", (event) => {
    if (!view.grip || event.button !== 0) return;
    event.preventDefault(); // no text is selected
    view.dragging = true;
    ramp.setPointerCapture(event.pointerId);
    handle.focus();
    drag(event);
  });
  ramp.addEventListener("pointermove", (event) => view.dragging && view.grip && drag(event));
  ramp.addEventListener("pointerup", () => view.dragging && commit(view));
  ramp.addEventListener("pointercancel", () => view.dragging && cancel(view));
  handle.addEventListener("blur", () => view.wanted && !view.dragging && commit(view));
  handle.addEventListener("keydown", (event) => {
    if (view.grip && !event.ctrlKey && !event.metaKey && !event.altKey && turn(view, event.key)) taken(event);
  });
}

const STEPS = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10,
  Home: -Infinity, End: Infinity};

/** Handles a key of the slider; false leaves it to the browser. */
function turn(view, pressed) {
  if (pressed === "Escape" && view.wanted) cancel(view);
  else if (pressed === "Enter") commit(view);
  else if (STEPS[pressed]) {
    const last = view.grip.grid.values.length - 1;
    const to = Math.min(last, Math.max(0, turned(view, present(view)) + STEPS[pressed]));
    move(view, turned(view, to));
    clearTimeout(view.waiting);
    view.waiting = setTimeout(() => commit(view), PATIENCE);
  } else return false;
  return true;
}
