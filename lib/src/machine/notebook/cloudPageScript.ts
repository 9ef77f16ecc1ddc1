/**
 * What the page of a cloud does, as JavaScript: a function of Plotly, the data of {@link cloudPage} and the document. It
 * draws the tokens of a layer in two or three dimensions; a click on one draws lines to its true neighbors and names them.
 */
export const CLOUD_PAGE_SCRIPT = `
function (plotly, data, document) {
  function unpack(text, Type) {
    var bytes = Uint8Array.from(atob(text), function (letter) { return letter.charCodeAt(0); });
    return new Type(bytes.buffer);
  }
  var tokens = data.pieces.length, layers = data.layers.length;
  var pictures = { 2: unpack(data.flat, Float32Array), 3: unpack(data.deep, Float32Array) };
  var nearest = unpack(data.nearest, Uint16Array);
  var values = {
    loss: unpack(data.losses, Float32Array),
    norm: unpack(data.norms, Float32Array),
    dimension: unpack(data.dimensions, Float32Array)
  };
  var chart = document.getElementById("chart");
  var shown = {}, chosen = -1;
  ["layer", "color", "dimensions"].forEach(function (name) { shown[name] = document.getElementById(name); });
  var canTurn = Boolean(document.createElement("canvas").getContext("webgl"));
  if (!canTurn) {
    shown.dimensions.value = "2";
    shown.dimensions.disabled = true;
    document.getElementById("flat").hidden = false;
  }
  function layer() { return Number(shown.layer.value); }
  function dimensions() { return Number(shown.dimensions.value); }
  function valueOf(name, token) {
    if (name === "position") return token + 1;
    return values[name][name === "loss" ? token : layer() * tokens + token];
  }
  function digits(value) { return Number.isNaN(value) ? "unknown" : String(Number(value.toPrecision(3))); }
  /* Colors by rank, so that single large values do not make all others alike; the bar names the values. */
  function ranks(name) {
    var all = [];
    for (var i = 0; i < tokens; i++) all.push(valueOf(name, i));
    var sorted = all.filter(function (value) { return !Number.isNaN(value); }).sort(function (a, b) { return a - b; });
    function place(value) {
      if (Number.isNaN(value) || sorted.length < 2) return 0.5;
      return (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 / (sorted.length - 1);
    }
    var ticks = [0, 0.25, 0.5, 0.75, 1];
    return {
      color: all.map(place),
      ticks: ticks,
      labels: ticks.map(function (tick) {
        return sorted.length === 0 ? "" : digits(sorted[Math.round(tick * (sorted.length - 1))]);
      })
    };
  }
  function axes(chosenTokens) {
    var d = dimensions(), points = pictures[d], start = layer() * tokens * d;
    var result = {};
    ["x", "y", "z"].slice(0, d).forEach(function (axis, i) {
      result[axis] = chosenTokens.map(function (token) { return token < 0 ? null : points[start + token * d + i]; });
    });
    return result;
  }
  function neighborsOf(token) {
    var from = (layer() * tokens + token) * data.neighbors;
    return Array.from(nearest.subarray(from, from + data.neighbors));
  }
  function trace(parts, coordinates) {
    return Object.assign({ type: dimensions() === 3 ? "scatter3d" : "scatter", hoverinfo: "skip", showlegend: false }, parts, coordinates);
  }
  function draw() {
    var all = data.pieces.map(function (_, token) { return token; });
    var colors = ranks(shown.color.value);
    var size = dimensions() === 3 ? 4 : 8;
    var title = shown.color.options[shown.color.selectedIndex].text;
    var texts = all.map(function (token) {
      return data.contexts[token] + "<br>token " + (token + 1) + "; loss " + digits(valueOf("loss", token)) +
        ", norm " + digits(valueOf("norm", token)) + ", dimension " + digits(valueOf("dimension", token));
    });
    var traces = [trace({
      mode: "markers", text: texts, hoverinfo: "text",
      marker: {
        size: size, color: colors.color, cmin: 0, cmax: 1, colorscale: data.colorscale, opacity: 0.85,
        colorbar: { title: { text: title, side: "right" }, tickvals: colors.ticks, ticktext: colors.labels, thickness: 12 }
      }
    }, axes(all))];
    if (chosen >= 0) {
      var near = neighborsOf(chosen), path = [];
      near.forEach(function (other) { path.push(chosen, other, -1); });
      traces.push(trace({ mode: "lines", line: { color: "#222222", width: 2 } }, axes(path)));
      traces.push(trace({
        mode: "markers", marker: { size: 1.6 * size, color: "#222222", line: { width: 2 }, symbol: "circle-open" }
      }, axes([chosen].concat(near))));
    }
    var bare = { title: { text: "" }, showticklabels: false, zeroline: false };
    var layout = {
      width: data.width, height: data.height, margin: { l: 8, r: 8, t: 36, b: 8 }, hovermode: "closest",
      uirevision: String(dimensions()), paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", font: data.font,
      hoverlabel: { align: "left", bgcolor: "#ffffff", bordercolor: "#222222", font: { color: "#222222" } }
    };
    if (dimensions() === 3) layout.scene = { xaxis: bare, yaxis: bare, zaxis: bare, aspectmode: "data" };
    else {
      layout.xaxis = bare;
      layout.yaxis = Object.assign({ scaleanchor: "x" }, bare);
    }
    describe();
    return plotly.react(chart, traces, layout, { displaylogo: false });
  }
  function quoted(token) { return "“" + data.pieces[token] + "” (" + (token + 1) + ")"; }
  function describe() {
    var picture = data.layers[layer()][dimensions() - 2];
    document.getElementById("number").textContent = String(layer());
    document.getElementById("trust").textContent =
      "Layer " + layer() + " in " + dimensions() + " of " + data.full + " dimensions: " + (picture.share === null ? "no" : Math.round(100 * picture.share) + " %") +
      " of the variance; trustworthiness of the " + data.neighbors + " nearest tokens " + picture.trustworthiness.toFixed(3) + ".";
    document.getElementById("near").textContent = chosen < 0
      ? "Click a token: lines go to the tokens that are nearest to it in all " + data.full + " dimensions."
      : "Nearest to " + quoted(chosen) + " in all " + data.full + " dimensions: " + neighborsOf(chosen).map(quoted).join(", ");
  }
  ["layer", "color", "dimensions"].forEach(function (name) { shown[name].addEventListener("input", draw); });
  return draw().then(function () {
    /* In three dimensions Plotly tells of a click in every picture that it draws while the button is down. */
    var isTold = false;
    chart.addEventListener("pointerdown", function () { isTold = false; }, true);
    chart.on("plotly_click", function (event) {
      var point = event.points[0];
      if (isTold || point.curveNumber !== 0) return;
      isTold = true;
      chosen = chosen === point.pointNumber ? -1 : point.pointNumber;
      draw();
    });
  });
}`;
