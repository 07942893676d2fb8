// Places of a token type in the text. Everything shown is text of the data, so it only ever becomes a text node.

const lists = new WeakMap(); // of each list: its rows as text, and the present way to tell Python

export default function ({data, parentElement, setTriggerValue}) {
  const list = parentElement.querySelector(".contexts");
  const told = lists.get(list) ?? {rows: ""};
  lists.set(list, told);
  told.trigger = setTriggerValue;
  list.setAttribute("aria-label", data.label);
  const rows = JSON.stringify(data.rows);
  if (rows === told.rows) return; // lines made anew would lose the focus, and a click that has begun
  told.rows = rows;
  list.replaceChildren(...data.rows.map((row) => line(row, (...value) => told.trigger(...value))));
}

function line(row, trigger) {
  const item = element("li", row.keep ? "kept" : "dropped");
  item.append(element("span", "verdict", row.keep ? "✓ kept" : "✕ dropped"), side("left", row.left),
    element(row.keep ? "mark" : "s", "token", row.text), side("right", row.right), link(row, trigger),
    element("p", "why", row.sentence));
  return item;
}

function side(name, text) {
  const outer = element("span", name);
  outer.append(element("span", "", text));
  return outer;
}

function link(row, trigger) {
  const found = element("a", "open", row.id);
  found.href = row.href;
  found.title = `Open example ${row.id} on the page Explore`;
  found.setAttribute("aria-label", found.title);
  found.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // a tab of its own
    event.preventDefault();
    trigger("open", row.token);
  });
  return found;
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
