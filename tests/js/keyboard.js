// What a round of the Tab key through a page meets, open shadow roots included. `arrive` notes the element that has the
// focus, `missed` names the controls that never had it, `unseen` those that looked the same with and without it. Needs
// `still` of still.js.

window.keyboard = (() => {
  const CONTROLS = `a[href], button, input, select, textarea, summary, [tabindex], [role=slider], [role=listbox],
    [role=combobox], [role=tab], [role=option], [role=radio], [role=checkbox], [role=switch], [role=menuitem]`;
  const GROUPS = `[role=radiogroup], [role=tablist], [role=listbox], [role=grid], [role=toolbar], fieldset,
    [data-testid=stMultiSelectTagsContainer]`; // arrows move within, and what they stand on can be deleted
  const WHOLE = "[data-testid=stElementContainer], [data-testid=stVerticalBlock], body"; // what holds one control
  const LOOKS = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderColor", "borderWidth",
    "backgroundColor", "color", "opacity", "textDecorationLine", "filter"];
  const TABLE = "[data-testid=stDataFrame]"; // makes its cells anew while one of them has the focus
  const looks = new Map();
  const tables = new Set(); // those that were reached
  let last = null;

  function focused() {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element === document.body || element === document.documentElement ? null : element;
  }

  function everything(root = document) {
    return [...root.querySelectorAll("*")].flatMap((element) =>
      element.shadowRoot ? [element, ...everything(element.shadowRoot)] : [element]);
  }

  /** Computed styles of all that a focus ring may be drawn on: the element, what is in it, around and after it. */
  function look(element) {
    const drawn = [element, ...[...element.querySelectorAll("*")].slice(0, 20)];
    if (element.nextElementSibling) drawn.push(element.nextElementSibling);
    for (let one = element.parentElement; one && !one.matches(WHOLE); one = one.parentElement) drawn.push(one);
    return drawn.flatMap((one) => [null, "::before", "::after"].map((pseudo) => {
      const style = getComputedStyle(one, pseudo);
      return LOOKS.map((name) => style[name]).join();
    })).join("|");
  }

  /** "new", "again" (as of a table, in whose cells Tab moves), "none" (between the last and the first), or "round". */
  async function arrive() {
    await still();
    const [before, element] = [last, focused()];
    last = element;
    if (!element) return "none";
    if (looks.has(element)) return element === before ? "again" : "round";
    looks.set(element, look(element));
    if (element.closest(TABLE)) tables.add(element.closest(TABLE));
    return "new";
  }

  function usable(element) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && style.visibility === "visible" && !element.disabled
      && !element.closest("[aria-disabled=true], [aria-hidden=true], [inert]");
  }

  /** It was, or what it holds; or its group, in which the arrow keys move; or the field whose keys do the same as this
   *  button, which is out of the order of Tab on purpose. */
  function reached(element) {
    const met = (within) => Boolean(within) && [...looks.keys()].some((other) => within.contains(other));
    const field = element.matches("button[tabindex='-1']") ? element.parentElement.parentElement : null;
    return met(element) || met(element.closest(GROUPS)) || tables.has(element.closest(TABLE))
      || (field?.querySelector("input") && met(field));
  }

  function described(element) {
    const name = element.getAttribute("aria-label") || element.textContent.trim().slice(0, 40);
    return `${element.tagName.toLowerCase()} ${element.getAttribute("role") ?? ""} ${element.className} "${name}"`;
  }

  function missed() {
    return everything().filter((element) => element.matches(CONTROLS) && usable(element) && !reached(element))
      .map(described);
  }

  async function unseen() {
    focused()?.blur();
    await still();
    return [...looks].filter(([element, before]) => element.isConnected && look(element) === before)
      .map(([element]) => described(element));
  }

  return {arrive, missed, unseen};
})();
