// Selecting a range of tokens, and deciding about it by hand. What is asked goes to the server as positions; it makes
// the override of them (xtf/figures/by_hand.py).

/** The tokens between the pinned chunk and the one that the selection was drawn to: [first, last]. */
function selection({pinned, head, parts, partOf}) {
  const [a, b] = [partOf[pinned], partOf[head < 0 ? pinned : head]].sort((one, other) => one - other);
  return [parts[a][0], parts[b][1]];
}

/** Marks the selected nodes. */
function select(view) {
  const [first, last] = view.pinned < 0 ? [1, 0] : selection(view);
  for (const node of view.selected ?? []) node.removeAttribute("aria-selected");
  view.selected = view.nodes.filter(({token}) => first <= token && token <= last);
  for (const node of view.selected) node.setAttribute("aria-selected", "true");
  view.part("panel").ariaLive = view.pinned < 0 ? "off" : "polite";
}

/** Draws the selection from the pinned token, or else from `from`, to a token. */
function extend(view, from, token) {
  if (view.pinned < 0) pin(view, from);
  view.head = token;
  select(view);
  panel(view);
}

function listenRange(view) {
  const at = (event) => event.target.closest?.(".token")?.token ?? -1;
  let from = -1;
  view.element.addEventListener("pointerdown", (event) => {
    from = event.button === 0 && !event.shiftKey ? at(event) : -1;
  });
  view.list.addEventListener("pointerup", (event) => {
    const to = at(event);
    if (from < 0 || to < 0 || view.partOf[from] === view.partOf[to]) return;
    pin(view, from);
    extend(view, from, to);
  });
}

const ACTIONS = [["keep", "Never drop"], ["drop", "Always drop"]];

/** The buttons under what is pinned, if there is anything to decide about. */
function decide(view, shown) {
  const box = view.part("decide");
  const {sample} = view;
  box.hidden = !sample.editable || view.pinned < 0 || !having(sample.marks, shown, sample.response);
  if (box.hidden) return;
  if (!box.childElementCount) box.append(...["span", "type"].map((by) => question(view, by)));
  const [stretch, type] = box.children;
  const text = textOf(sample, shown);
  stretch.hidden = text === "";
  const [first, last] = shown;
  stretch.firstChild.textContent = first === last ? "This token, here: " : "This stretch: ";
  stretch.ariaLabel = `${stretch.firstChild.textContent}${quote(text)}`;
  type.hidden = first !== last;
  const its = sample.types[sample.ids[first]] ?? text;
  type.firstChild.textContent = `Every token ⟨${its === "" ? "∅" : quote(its, 20)}⟩: `;
  type.ariaLabel = type.firstChild.textContent;
}

function question(view, by) {
  const made = node("div", {role: "group"});
  made.append(node("span", {}), ...ACTIONS.map(([action, words]) => {
    const button = node("button", {type: "button"}, words);
    button.addEventListener("click", () => {
      const [first, last] = selection(view);
      view.trigger("decided", {by, action, first, last});
    });
    return button;
  }));
  return made;
}
