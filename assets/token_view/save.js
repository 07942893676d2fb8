// Two buttons that ask the server for a picture of the token view (xtf/figures/svg.py) and save it: as it comes, or
// drawn to a PNG. What the view shows is read from where it remembers it.

const wanted = new WeakMap(); // of each root, the number of the picture that was asked for and has not come
const SCALE = 2; // PNG pixels to one of the picture's
const LONGEST = 16000; // pixels that a canvas can have in one direction
const MOST = 1e8; // and in all

export default function ({data, parentElement, setTriggerValue}) {
  const said = parentElement.querySelector(".said");
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = () => {
      const number = Date.now();
      wanted.set(parentElement, number);
      said.textContent = "";
      setTriggerValue("asked", {kind: button.value, number, mode: shownMode(),
        theme: getComputedStyle(parentElement.host ?? parentElement).colorScheme === "dark" ? "dark" : "light"});
    };
  }
  const {picture, name} = data;
  if (!picture || picture.number !== wanted.get(parentElement)) return;
  wanted.delete(parentElement);
  (picture.kind === "png" ? drawn(picture.svg) : Promise.resolve(file(picture.svg)))
    .then((blob) => save(blob, `${name}.${picture.kind}`))
    .catch((fault) => (said.textContent = fault.message));
}

function shownMode() {
  try {
    return String(JSON.parse(localStorage.getItem("xtf.tokens"))?.mode ?? "novelty");
  } catch {
    return "novelty";
  }
}

function file(svg) {
  return new Blob([svg], {type: "image/svg+xml"});
}

async function drawn(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(file(svg));
  await image.decode();
  const {width, height} = image;
  const scale = Math.min(SCALE, LONGEST / width, LONGEST / height, Math.sqrt(MOST / (width * height)));
  if (scale < 0.5) throw new Error("This sample is too long for a PNG: save it as SVG.");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((take, fail) => canvas.toBlob((blob) =>
    blob ? take(blob) : fail(new Error("The browser could not draw the PNG: save it as SVG.")), "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
