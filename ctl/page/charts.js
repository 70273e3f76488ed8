// The charts, by Chart.js, each with its figures as a table for those who do not see it.
"use strict";

const drawn_charts = [];

/** 100 as "99%": the share of the cycles that an x of a distribution stands for. */
function share(x) {
  if (x <= 1) return "0%";
  const percent = 100 - 100 / x;
  return `${percent.toFixed(Math.max(0, Math.ceil(Math.log10(x) - 2 - 1e-9)))}%`;
}

function value_of(chart, y) {
  if (chart.of === "latency") return duration(y);
  return y < 10 && y % 1 !== 0 ? y.toFixed(1) : grouped(y);
}

function x_axis(chart) {
  const common = {
    ticks: { color: colour("quiet"), maxRotation: 0, autoSkipPadding: 16, includeBounds: false },
    grid: { color: colour("rule"), drawTicks: true } };
  if (chart.along === "time") {
    const longest = Math.max(...chart.lines.map((line) => line.points.at(-1)[0]));
    return { ...common, type: "linear", min: 0, max: longest || 1,
      ticks: { ...common.ticks, callback: span_tick } };
  }
  const most = Math.max(10, ...chart.lines.map((line) => line.points.at(-1)[0]));
  const ticks = [1, 2];
  for (let x = 10; x <= most; x *= 10) ticks.push(x);
  return { ...common, type: "logarithmic", min: 1, max: most,
    afterBuildTicks: (axis) => { axis.ticks = ticks.map((value) => ({ value })); },
    ticks: { ...common.ticks, callback: share } };
}

/** Seconds at an axis; of a long strike without odd ones. */
function span_tick(seconds) {
  return seconds < 60 ? `${+seconds.toFixed(1)} s` : span(seconds);
}

function y_axis(chart) {
  const common = { grid: { color: colour("rule") } };
  const ticks = { color: colour("quiet"), callback: (y) => value_of(chart, y) };
  if (chart.of !== "latency") return { ...common, type: "linear", min: 0, ticks };
  const all = chart.lines.flatMap((line) => line.points.map((point) => point[1]));
  const low = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all) * 1.001));
  const tens = [];
  for (let y = low; y <= high * 1.001; y *= 10) tens.push({ value: y });
  return { ...common, type: "logarithmic", min: low, max: high, ticks,
    afterBuildTicks: (axis) => { axis.ticks = tens; } };
}

/** The distance of points beyond which there was nothing in between. */
function gap(points) {
  if (points.length < 3) return Infinity;
  const steps = points.slice(1).map((point, i) => point[0] - points[i][0]).sort((a, b) => a - b);
  return 3.5 * steps[Math.floor(steps.length / 2)];
}

function dataset(chart, line, i) {
  const over_time = chart.along === "time";
  return {
    label: line.name,
    data: line.points.map(([x, y]) => ({ x, y })),
    ...line_look(i),
    pointRadius: line.points.length > 60 ? 0 : 2.5,
    spanGaps: over_time ? gap(line.points) : true,
  };
}

function settings(chart) {
  return {
    type: "line",
    data: { datasets: chart.lines.map((line, i) => dataset(chart, line, i)) },
    options: {
      ...chart_look(),
      scales: { x: x_axis(chart), y: y_axis(chart) },
      plugins: {
        legend: legend_look(chart.lines.length),
        tooltip: { callbacks: {
          title: ([item]) => (chart.along === "time" ? `at ${span(item.parsed.x)}`
            : `${share(item.parsed.x)} of the cycles within`),
          label: (item) => `${item.dataset.label}: ${value_of(chart, item.parsed.y)}`,
        } },
      },
    },
  };
}

/** What a chart shows, as a table. */
function figures_of(chart) {
  if (chart.along === "share") {
    const rows = chart.lines.flatMap((line) => line.points.map(([x, y], i) =>
      [line.name, i + 1 === line.points.length ? "the longest" : share(x), duration(y)]));
    return table(chart.title, ["Of", "Share of the cycles", "Within"], rows);
  }
  const rows = chart.lines.map((line) => {
    const low = line.points.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = line.points.reduce((a, b) => (b[1] > a[1] ? b : a));
    const at = ([x, y]) => `${value_of(chart, y)}, at ${span(x)}`;
    return [line.name, at(low), at(high), at(line.points.at(-1))];
  });
  return table(chart.title, ["Of", "Lowest", "Highest", "Last"], rows);
}

/** A chart with its title; it is drawn once it is in the page: see draw_charts(). */
function chart_figure(chart) {
  const canvas = element("canvas", { id: `chart-${drawn_charts.length}`, role: "img",
    "aria-label": `${chart.title}. ${chart.about} The table below has the figures.` });
  drawn_charts.push({ canvas, chart });
  return element("figure", {},
    element("figcaption", {}, element("h3", {}, chart.title),
      element("p", { class: "quiet" }, chart.about)),
    element("div", { class: "plot" }, canvas),
    element("details", {}, element("summary", {}, "Figures"), figures_of(chart)));
}

function draw_charts() {
  for (const drawn of drawn_charts) {
    if (drawn.by) drawn.by.destroy();
    drawn.by = new Chart(drawn.canvas, settings(drawn.chart));
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw_charts);
// Paper is white.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printed");
  draw_charts();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printed");
  draw_charts();
});
