const { library } = require("./library");

/** How a program is drawn: name in the legend, color, dash. */
const LOOKS = {
  tensorflow: { name: "this library, tensorflow", color: "#648FFF" },
  "wasm+blas": { name: "this library, wasm with BLAS", color: "#785EF0" },
  wasm: { name: "this library, wasm", color: "#DC267F" },
  numpy: { name: "best NumPy", color: "#222222", dash: "dash" },
  authors: { name: "the usual Python", color: "#888888", dash: "dot" },
};

/** Draws what was measured; returns the files. */
async function drawPlots(measured, folder) {
  const { exportFigure } = library("machine/render/export.js");
  const { geometry, endToEnd } = measured.benchmarks;
  const figures = [geometry && geometryFigure(geometry, measured), endToEnd && endToEndFigure(endToEnd, measured)];
  const files = [];
  for (const figure of figures.filter(Boolean)) {
    files.push(...(await exportFigure(figure, { folder, formats: ["svg"] })));
  }
  return files;
}

function geometryFigure({ results }, measured) {
  const panels = [
    { part: "width", x: "dimension", title: "width D, N = 1024" },
    { part: "points", x: "points", title: "tokens N, D = 768" },
  ];
  return figureOf("performance-geometry", "Geometry of a layer", panels, results, measured, {
    y: "processor",
    yTitle: "processor time of a layer (ms)",
    type: "log",
  });
}

function endToEndFigure({ results, tokens }, measured) {
  const panels = [
    { part: "prompts", x: "prompts", title: "prompts, 12 layers" },
    { part: "layers", x: "layers", title: `layers, ${results.find(({ part }) => part === "layers").prompts} prompts` },
  ];
  const title = `An experiment on prompts of ${tokens} tokens, one worker`;
  return figureOf("performance-end-to-end", title, panels, results, measured, {
    y: "processor",
    yTitle: "processor time (s)",
  });
}

/** One panel a part, one line a program. */
function figureOf(name, title, panels, results, { date, processor, commit }, { y, yTitle, type = "linear" }) {
  const { subplotLayout } = library("figures/style.js");
  const titles = panels.map((panel) => panel.title);
  const data = panels.flatMap(({ part, x }, panel) =>
    Object.entries(LOOKS).flatMap(([program, look]) => {
      const points = results.filter((result) => result.part === part && result.name === program);
      return points.length === 0 ? [] : [lineOf(points, x, y, look, panel)];
    }),
  );
  const range = type === "linear" ? { rangemode: "tozero" } : {};
  const layout = subplotLayout({
    rows: 1,
    columns: panels.length,
    title,
    xTitle: titles,
    yTitle: [yTitle, ...panels.slice(1).map(() => "")],
    width: 900,
    height: 360,
    right: 190,
    yaxis: { type, ...range, ...(type === "log" ? { dtick: 1 } : {}) },
  });
  if (type === "log") {
    panels.forEach(({ part, x }, panel) => {
      const values = [...new Set(results.filter((result) => result.part === part).map((result) => result[x]))];
      Object.assign(layout[`xaxis${panel === 0 ? "" : panel + 1}`], {
        type,
        tickvals: values,
        ticktext: values.map(String),
      });
    });
  }
  return { name, caption: `${title}. Measured ${date} on ${processor}, commit ${commit}.`, data, layout };
}

function lineOf(points, x, y, { name, color, dash = "solid" }, panel) {
  const suffix = panel === 0 ? "" : String(panel + 1);
  return {
    type: "scatter",
    mode: "lines+markers",
    x: points.map((point) => point[x]),
    y: points.map((point) => point[y]),
    name,
    legendgroup: name,
    showlegend: panel === 0,
    line: { color, width: 2, dash },
    marker: { color, size: 6 },
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
  };
}

module.exports = { drawPlots };
