// What each strategy takes away of one response. Everything shown is text of the data, so it only ever becomes a text
// node. data: label, names (titles of the strategies), tokens: {text, trained, differ, breaks, told, taken: digits}, where
// a digit is how many ninths of the token's loss one strategy takes away: 0 kept, 9 dropped.

const NAMES = 176; // pixels at most for the titles of strategies
const SPARE = 7; // pixels that a column takes beside its text

export default function ({data, parentElement}) {
  const root = parentElement.querySelector(".lines");
  root.setAttribute("aria-label", data.label);
  const draw = () => fill(root, data);
  draw();
  let width = root.clientWidth;
  const watch = new ResizeObserver(() => {
    if (Math.abs(root.clientWidth - width) < 8) return;
    width = root.clientWidth;
    draw();
  });
  watch.observe(root);
  return () => watch.disconnect();
}

function fill(root, data) {
  const ruler = document.createElement("canvas").getContext("2d");
  const style = getComputedStyle(root);
  const fonts = {name: `11px ${style.fontFamily}`, token: `bold 13px ${style.getPropertyValue("--st-code-font")}`};
  const measured = (font, text) => { ruler.font = fonts[font]; return ruler.measureText(text).width; };
  const names = Math.min(NAMES, root.clientWidth / 3, 12 + Math.max(...data.names.map((name) => measured("name", name))));
  root.style.setProperty("--names", `${Math.ceil(names)}px`);
  const room = root.clientWidth - names - 16;
  root.replaceChildren(...lines(data.tokens, room, (text) => Math.max(14, measured("token", text)) + SPARE)
    .map(([first, last]) => line(data, first, last)));
  // A region that can be scrolled must be reached by keys, one that cannot need not be.
  if (root.scrollWidth > root.clientWidth) root.tabIndex = 0; else root.removeAttribute("tabindex");
}

/** [first, last) of each line: as many tokens as fit; a line break in the text ends one. */
function lines(tokens, room, width) {
  const found = [];
  let first = 0, used = 0;
  tokens.forEach((token, place) => {
    const needed = width(token.text);
    if (place > first && used + needed > room) {
      found.push([first, place]);
      first = place;
      used = 0;
    }
    used += needed;
    if (token.breaks) {
      found.push([first, place + 1]);
      first = place + 1;
      used = 0;
    }
  });
  return first < tokens.length ? [...found, [first, tokens.length]] : found;
}

function line(data, first, last) {
  const table = element("table"), head = element("tr"), body = element("tbody"), tokens = data.tokens.slice(first, last);
  const caption = element("caption", "words", `Response tokens ${data.first + first + 1} to ${data.first + last}`);
  head.append(element("td", "corner"), ...tokens.map(heading));
  data.names.forEach((name, row) => {
    const cells = element("tr"), title = element("th", "", name);
    title.scope = "row";
    title.title = name;
    cells.append(title, ...tokens.map((token) => cell(name, token, row)));
    body.append(cells);
  });
  const top = element("thead");
  top.append(head);
  table.append(caption, top, body);
  return table;
}

function heading(token) {
  const made = element("th", !token.trained ? "quiet" : token.differ ? "differ" : "", token.text);
  made.scope = "col";
  made.title = token.told;
  return made;
}

function cell(name, token, row) {
  if (!token.trained) return element("td", "mark none");
  const ninths = Number(token.taken[row]);
  const made = element("td", ninths === 9 ? "mark dropped" : ninths ? "mark part" : "mark");
  const said = ninths === 9 ? "dropped" : ninths ? `weight about ${(1 - ninths / 9).toFixed(1)}` : "kept";
  if (ninths === 9) {
    const cross = element("span", "", "✕");
    cross.setAttribute("aria-hidden", "true");
    made.append(cross);
  }
  if (ninths && ninths < 9) made.style.setProperty("--part", `${Math.round(100 * ninths / 9)}%`);
  made.title = `${name}: ${said}`;
  made.append(element("span", "words", said));
  return made;
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
