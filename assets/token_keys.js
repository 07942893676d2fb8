// Pointer and keyboard: one token is in the tab order at a time, arrows move it.

function listen(view) {
  const {list} = view;
  const stop = (event) => event.target.closest?.("[role=option]") ?? null;
  list.addEventListener("pointerover", (event) => hover(view, stop(event)?.token ?? -1));
  list.addEventListener("pointerleave", () => hover(view, -1));
  list.addEventListener("focusin", (event) => focus(view, stop(event)));
  list.addEventListener("focusout", () => focus(view, null));
  list.addEventListener("click", (event) => act(view, stop(event)));
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key(view, event.key)) event.preventDefault();
  });
}

function hover(view, token) {
  if (view.hovered === token) return;
  view.hovered = token;
  panel(view);
}

function focus(view, stop) {
  view.focused = stop?.token ?? -1;
  if (stop) view.at = view.stops.indexOf(stop);
  rove(view);
  panel(view);
}

function rove(view) {
  const stop = view.stops[view.at];
  if (view.tabbable === stop) return;
  view.tabbable?.setAttribute("tabindex", "-1");
  stop?.setAttribute("tabindex", "0");
  view.tabbable = stop;
}

function act(view, stop) {
  if (!stop) return;
  if (stop.hole) {
    stop.hole.hidden = !stop.hole.hidden;
    stop.setAttribute("aria-expanded", String(!stop.hole.hidden));
  } else pin(view, view.pinned === stop.token ? -1 : stop.token);
}

function pin(view, token) {
  if (view.pinned === token) return;
  view.tokens[view.pinned]?.removeAttribute("aria-selected");
  view.tokens[token]?.setAttribute("aria-selected", "true");
  view.pinned = token;
  view.report(token < 0 ? null : token);
  panel(view);
}

/** Handles a key; false leaves it to the browser. */
function key(view, pressed) {
  const here = view.stops[view.at];
  if (pressed === "Enter" || pressed === " ") act(view, here);
  else if (pressed === "Escape" && view.pinned >= 0) pin(view, -1);
  else if (pressed === "ArrowRight") step(view, 1);
  else if (pressed === "ArrowLeft") step(view, -1);
  else if (pressed === "Home") go(view, 0, 1);
  else if (pressed === "End") go(view, view.stops.length - 1, -1);
  else if (pressed === "ArrowDown") line(view, 1);
  else if (pressed === "ArrowUp") line(view, -1);
  else return false;
  return true;
}

function visible(stop) {
  return stop.getClientRects().length > 0;
}

function step(view, by) {
  go(view, view.at + by, by);
}

/** Focuses the stop at `index`, or the next visible one in the direction `by`. */
function go(view, index, by) {
  let i = index;
  while (view.stops[i] && !visible(view.stops[i])) i += by;
  if (view.stops[i]) view.stops[i].focus();
}

/** Moves to the nearest stop on the next visual line in the direction `by`. */
function line(view, by) {
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
