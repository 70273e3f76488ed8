// Charts of the last five minutes, by Chart.js.
"use strict";

const KEPT = 300, LEAST = 30; // seconds that a chart shows, at most and at least

/** A chart of some lines over time. `shown`: writes a value; `high`: the y axis goes that far at
 * least. */
class Lines {
  constructor(title, names, shown, high) {
    this.names = names;
    this.high = high;
    this.shown = shown;
    this.points = names.map(() => []);
    this.title = title;
    this.canvas = element("canvas", { role: "img", "aria-label": title });
    this.now = element("p", { class: "quiet" });
    this.figure = element("figure", {},
      element("figcaption", {}, element("h3", {}, title), this.now),
      element("div", { class: "plot" }, this.canvas));
  }

  /** Adds a value for each line; null where there is none. `at`: seconds. */
  add(at, values) {
    values.forEach((y, i) => {
      this.points[i].push({ x: at, y });
      while (this.points[i][0].x < at - KEPT) this.points[i].shift();
    });
    const words = values.map((y, i) => `${this.names[i]} ${y === null ? "none" : this.shown(y)}`);
    this.now.textContent = words.join(", ");
    this.canvas.setAttribute("aria-label", `${this.title}: now ${words.join(", ")}`);
    if (!this.chart) this.draw();
    this.chart.options.scales.x.min = Math.min(this.points[0][0].x, at - LEAST);
    this.chart.options.scales.x.max = at;
    this.chart.update("none");
  }

  draw() {
    if (this.chart) this.chart.destroy();
    const ticks = { color: colour("quiet"), maxRotation: 0 };
    this.chart = new Chart(this.canvas, {
      type: "line",
      data: { datasets: this.names.map((label, i) => ({
        label,
        data: this.points[i],
        ...line_look(i),
        pointRadius: 0,
      })) },
      options: {
        ...chart_look(),
        scales: {
          x: { type: "linear", grid: { color: colour("rule") },
            ticks: { ...ticks, stepSize: 60, includeBounds: false,
              callback: (x) => new Date(x * 1000).toTimeString().slice(0, 8) } },
          y: { min: 0, suggestedMax: this.high, grid: { color: colour("rule") },
            ticks: { ...ticks, maxTicksLimit: 5, callback: (y) => this.shown(y) } },
        },
        plugins: {
          legend: legend_look(this.names.length),
          tooltip: { callbacks: {
            title: ([item]) => new Date(item.parsed.x * 1000).toTimeString().slice(0, 8),
            label: (item) => `${item.dataset.label}: ${this.shown(item.parsed.y)}`,
          } },
        },
      },
    });
  }
}
