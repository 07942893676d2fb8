// Pointer and keyboard: one chunk is in the tab order at a time, arrows move it.

function listen(view) {
  const {list} = view;
  const stop = (event) => event.target.closest?.("[role=option]") ?? null;
  list.addEventListener("pointerover", (event) => hover(view, stop(event)?.token ?? -1));
  list.addEventListener("pointerleave", () => hover(view, -1));
  list.addEventListener("focusin", (event) => focus(view, stop(event)));
  list.addEventListener("focusout", () => focus(view, null));
  list.addEventListener("click", (event) => click(view, stop(event), event.shiftKey));
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key(view, event.key, event.shiftKey)) taken(event);
  });
}

/** Keeps a key that was handled from the browser and from the page's own shortcuts. */
function taken(event) {
  event.preventDefault();
  event.stopPropagation();
}

function hover(view, token) {
  if (view.hovered === token) return;
  view.hovered = token;
  if (view.pinned < 0) panel(view);
}

function focus(view, stop) {
  view.focused = stop?.token ?? -1;
  if (stop) view.at = view.stops.indexOf(stop);
  rove(view);
  if (view.pinned < 0) panel(view);
}

function rove(view) {
  const stop = view.stops[view.at];
  if (view.tabbable === stop) return;
  view.tabbable?.setAttribute("tabindex", "-1");
  stop?.setAttribute("tabindex", "0");
  view.tabbable = stop;
}

function click(view, stop, shift) {
  if (shift && stop?.token >= 0 && view.pinned >= 0) extend(view, view.pinned, stop.token);
  else act(view, stop);
}

function act(view, stop) {
  if (!stop) return;
  if (stop.hole) {
    unfold(stop, stop.hole.hidden);
    describe(view, stop);
  } else pin(view, view.pinned === stop.token && view.head < 0 ? -1 : stop.token);
}

/** Pins a token, or none: its chunk is then selected, and nothing else. */
function pin(view, token) {
  if (view.pinned === token && view.head < 0) return;
  const told = view.pinned !== token;
  Object.assign(view, {pinned: token, head: -1});
  if (told) view.report(token < 0 ? null : token);
  select(view);
  panel(view);
}

/** Handles a key; false leaves it to the browser. */
function key(view, pressed, shift) {
  const here = view.stops[view.at];
  if (pressed === "Enter" || pressed === " ") act(view, here);
  else if (pressed === "Escape" && view.pinned >= 0) pin(view, -1);
  else if (!MOVES[pressed]) return false;
  else {
    MOVES[pressed](view);
    const to = view.stops[view.at];
    if (shift && to?.token >= 0) extend(view, here?.token ?? to.token, to.token);
  }
  return true;
}

const MOVES = {
  ArrowRight: (view) => go(view, view.at + 1, 1),
  ArrowLeft: (view) => go(view, view.at - 1, -1),
  ArrowDown: (view) => nextLine(view, 1),
  ArrowUp: (view) => nextLine(view, -1),
  Home: (view) => go(view, 0, 1),
  End: (view) => go(view, view.stops.length - 1, -1),
};

function visible(stop) {
  return stop.getClientRects().length > 0;
}

/** Focuses the stop at `index`, or the next visible one in the direction `by`. */
function go(view, index, by) {
  let i = index;
  while (view.stops[i] && !visible(view.stops[i])) i += by;
  if (view.stops[i]) view.stops[i].focus();
}

/** Moves to the nearest stop on the next visual line in the direction `by`. */
function nextLine(view, by) {
  const box = (stop) => stop.getClientRects()[0];
  const from = box(view.stops[view.at]);
  const centre = (from.left + from.right) / 2;
  let [best, row, distance] = [-1, null, Infinity];
  for (let i = view.at + by; view.stops[i]; i += by) {
    const rect = box(view.stops[i]);
    if (!rect || Math.abs(rect.top - from.top) < from.height / 2) continue;
    row ??= rect;
    if (Math.abs(rect.top - row.top) > row.height / 2) break;
    const off = Math.abs((rect.left + rect.right) / 2 - centre);
    if (off < distance) [best, distance] = [i, off];
  }
  if (best >= 0) view.stops[best].focus();
}
