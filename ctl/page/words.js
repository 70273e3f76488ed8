// Elements, numbers and charts as people read them, on both pages. Texts go into elements as texts,
// never as HTML: a peer has a say in some of them.
"use strict";

/** An element with attributes and children; a child that is a string becomes text. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** 12345 as "12,345". */
function grouped(number) {
  return Math.round(number).toLocaleString("en-US");
}

/** "1 frame", "12,345 frames". */
function counted(number, what) {
  return `${grouped(number)} ${what}${number === 1 ? "" : "s"}`;
}

/** Microseconds as "850 us", "12.3 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
function duration(us) {
  if (us < 0) return `-${duration(-us)}`;
  if (us < 999.5) return `${Math.round(us)} us`;
  if (us < 999_950) return `${(us / 1e3).toFixed(1)} ms`;
  if (us < 59_950_000) return `${(us / 1e6).toFixed(1)} s`;
  const pair = (whole, large, part, small) =>
    part === 0 ? `${whole} ${large}` : `${whole} ${large} ${part} ${small}`;
  const seconds = Math.round(us / 1e6);
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** Seconds in the same way. */
function span(seconds) {
  return duration(seconds * 1e6);
}

/** Bytes as "512 B", "1.5 KiB". */
function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.length; ++unit) bytes /= 1024;
  return unit === 0 ? `${bytes} B` : `${bytes.toFixed(1)} ${units[unit]}`;
}

/** "2026-11-30T16:39:07Z" as "2026-11-30 16:39:07 UTC". */
function time_of_day(text) {
  return text.replace("T", " ").replace("Z", " UTC");
}

/** A table with titles; a cell is a text, or a number, which is shown at the right. `head`: the
 * attributes of the row of titles. */
function table(caption, titles, rows, head = {}) {
  const is_number = titles.map((_, i) => rows.every((row) => typeof row[i] === "number"));
  const side = (i) => (is_number[i] && rows.length > 0 ? { class: "number" } : {});
  const columns = titles.map((title, i) => element("th", { scope: "col", ...side(i) }, title));
  const body = rows.map((row) =>
    element("tr", {}, ...row.map((cell, i) =>
      element(i === 0 ? "th" : "td", { ...(i === 0 ? { scope: "row" } : {}), ...side(i) },
        typeof cell === "number" ? grouped(cell) : cell))));
  return element("div", { class: "wide" },
    element("table", {},
      element("caption", { class: "unseen" }, caption),
      element("thead", head, element("tr", {}, ...columns)),
      element("tbody", {}, ...body)));
}

/** A table of names and values. */
function facts(caption, rows) {
  return table(caption, ["What", "Value"], rows, { class: "unseen" });
}

/** A link to a file beside the page, by its relative path. */
function file_link(path) {
  const href = path.split("/").map(encodeURIComponent).join("/");
  return element("a", { href }, path);
}

/** What the style sheet says just now, of light and dark. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** How the line of this number in a chart looks. */
function line_look(i) {
  const own = colour(`line-${i % 4 + 1}`);
  return {
    borderColor: own,
    backgroundColor: own,
    borderDash: i % 2 === 0 ? [] : [6, 3],
    borderWidth: 1.75,
  };
}

/** What the options of all charts have in common. */
function chart_look() {
  return {
    animation: false,
    parsing: false,
    normalized: true,
    maintainAspectRatio: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
  };
}

/** The legend of a chart of so many lines. */
function legend_look(lines) {
  return { display: lines > 1,
    labels: { color: colour("text"), usePointStyle: true, pointStyle: "line" } };
}
