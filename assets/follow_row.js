// Keeps the chosen row of a list in view: the list itself shows a selection, but does not scroll to it.

const tries = 40, pause = 50; // milliseconds; the list draws itself after this component

export default function ({data, parentElement}) {
  if (data.row === null) return;
  const mine = JSON.stringify([data.of, data.row]);
  if (parentElement.lastFollowed === mine) return;
  parentElement.lastFollowed = mine;
  follow(data, parentElement, mine, tries);
}

function follow(data, root, mine, left) {
  if (root.lastFollowed !== mine || !left) return;
  const scroller = document.querySelector(`.st-key-${data.list} .dvn-scroller`);
  const rows = scroller ? scroller.clientHeight - data.height : 0; // the first line is the heading
  if (rows <= 0 || scroller.scrollHeight < (data.row + 1) * data.height) {
    setTimeout(() => follow(data, root, mine, left - 1), pause);
    return;
  }
  const top = data.row * data.height;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + data.height > scroller.scrollTop + rows) scroller.scrollTop = top + data.height - rows;
}
