// Draws the report's figures. Colours of text and lines come from report/report.css, so that they follow the reader's scheme.

(() => {
  document.documentElement.classList.add("scripted");
  const plots = [...document.querySelectorAll(".plot")];
  const figures = JSON.parse(document.getElementById("figure-data").textContent);
  const options = {displayModeBar: false, responsive: true};
  const PAPER = 620; // pixels: A4 between its margins

  function draw(plot) {
    const {data, layout} = figures[plot.dataset.figure];
    const font = {...layout.font, family: getComputedStyle(document.body).fontFamily, size: 12};
    return Plotly.newPlot(plot, data, {...layout, font, autosize: true}, options);
  }

  function resize(size) {
    for (const plot of plots) if (plot.data) Plotly.relayout(plot, size);
  }

  // One at a time, so that the text can be read meanwhile.
  plots.reduce((before, plot) => before.then(() => draw(plot)).then(() => new Promise((go) => setTimeout(go))),
    Promise.resolve()).finally(() => (document.documentElement.dataset.drawn = plots.length));
  addEventListener("beforeprint", () => resize({autosize: false, width: PAPER}));
  addEventListener("afterprint", () => resize({autosize: true, width: null}));
})();
