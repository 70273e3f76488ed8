// The dashboard: shows what conkerd tells at /events each second, and says when it tells nothing.
"use strict";

const SILENT = 4; // seconds without an event after which conkerd does not answer
const AGAIN = 2; // seconds between attempts to connect

let before = null; // the event before the one that is shown
let told_at = null; // when the one that is shown came, by performance.now()
let source = null;
let tried_at = 0;

const charts = {
  rates: new Lines("Connections a second", ["opened", "closed", "failed"], grouped, 4),
  live: new Lines("Connections there are", ["live", "in TIME-WAIT"], grouped, 4),
  connect: new Lines("Strikes: time to connect", ["half within", "99% within"], duration, 100),
  traffic: new Lines("Traffic a second", ["in", "out"], (y) => size(Math.round(y)), 4096),
};

function by_id(id) {
  return document.getElementById(id);
}

/** Puts a table into its place, which stays and keeps how far it is scrolled. */
function put_table(id, titles, rows, none) {
  const place = by_id(id);
  if (rows.length === 0) place.replaceChildren(element("p", { class: "quiet" }, none));
  else place.replaceChildren(table(place.getAttribute("aria-label"), titles, rows).firstChild);
}

/** How much something has grown a second since the event before; null when that is not known. */
function rate(now, of) {
  if (before === null || now.status.pid !== before.status.pid) return null;
  const seconds = now.status.uptime_s - before.status.uptime_s;
  return seconds > 0 ? Math.max(0, of(now) - of(before)) / seconds : null;
}

function sum(list, of) {
  return list.reduce((all, one) => all + of(one), 0);
}

function failed(event) {
  const audit = event.status.audit;
  return audit.reset + audit.timed_out + audit.refused + audit.other;
}

function rates_of(now) {
  return {
    opened: rate(now, (event) => event.status.audit.opened),
    closed: rate(now, (event) => event.status.audit.closed),
    failed: rate(now, failed),
    bytes_in: rate(now, (event) => sum(event.status.links, (link) => link.bytes_in)),
    bytes_out: rate(now, (event) => sum(event.status.links, (link) => link.bytes_out)),
  };
}

function show_figures(now, rates) {
  const figures = [
    [now.status.audit.live, "connections"],
    [rates.opened, "opened a second"],
    [rates.closed, "closed a second"],
    [rates.failed, "failed a second"],
    [now.status.strikes.length, "strikes running"],
    [now.totals.findings.length, "rules broken since the start"],
  ];
  by_id("figures").replaceChildren(...figures.map(([value, words]) =>
    element("li", {}, element("b", {}, value === null ? "-" : grouped(value)), words)));
}

/** What somebody should look after, the worst first. */
function show_warnings(now) {
  const status = now.status;
  const warnings = [];
  if (!status.audit.balanced) warnings.push(`The audit does not balance: ${status.audit.fault}.`);
  for (const link of status.links) {
    if (link.state !== "up")
      warnings.push(`Link ${link.name} is ${link.state} for ${span(link.state_s)}.`);
    if (link.faults) warnings.push(`Faults are injected into link ${link.name} on purpose.`);
  }
  for (const doubt of status.doubtful_addresses)
    warnings.push(`Address ${doubt.address} of link ${doubt.link}: ${doubt.state}.`);
  for (const one of status.tables) {
    if (one.capacity > 0 && one.used >= 0.9 * one.capacity && one.name !== "time_wait")
      warnings.push(`${one.name}: ${grouped(one.used)} of ${grouped(one.capacity)} are in use.`);
  }
  if (status.log.lines_lost > 0)
    warnings.push(`${counted(status.log.lines_lost, "line")} of the log were lost.`);
  by_id("warnings").replaceChildren(...warnings.map((words) => element("p", {}, words)));
}

/** How far a strike is, from 0 to 1; null when it has no end. */
function progress_of(strike) {
  const parts = [];
  if (strike.cycles_asked) parts.push(strike.cycles / strike.cycles_asked);
  if (strike.duration_ms) parts.push(strike.elapsed_s * 1000 / strike.duration_ms);
  return parts.length === 0 ? null : Math.min(1, Math.max(...parts));
}

function strike_article(strike) {
  const running = strike.state === "running";
  const verdict = running ? "running" : strike.verdict || strike.state;
  const words = [
    `${grouped(strike.completed)} cycles completed`,
    `${grouped(strike.failed)} failed`,
    `${grouped(strike.cycles_per_second)} a second`,
    `${grouped(strike.live)} in flight`,
  ];
  if (strike.connect_p50_us > 0) {
    words.push(`connect half within ${duration(strike.connect_p50_us)}, ` +
      `99% within ${duration(strike.connect_p99_us)}`);
  }
  const made = element("article", {},
    element("h3", {}, `Strike ${strike.id} of ${strike.target} `,
      element("span", { class: `severity ${strike.verdict || ""}` }, verdict)));
  const part = progress_of(strike);
  if (running && part !== null) {
    made.append(element("progress", { value: part, max: 1,
      "aria-label": `Strike ${strike.id}: how far it is` }));
  }
  made.append(element("p", {}, `${words.join(", ")}; for ${span(strike.elapsed_s)}`));
  if (strike.why) made.append(element("p", {}, strike.why));
  for (const rule of strike.findings) {
    made.append(element("p", {}, element("span", { class: `severity ${rule.severity}` },
      rule.severity), ` ${rule.rule} in ${counted(rule.count, "connection")}, ` +
      `first in cycle ${grouped(rule.cycle)}`));
  }
  return made;
}

function show_strikes(now) {
  const newest_first = [...now.strikes].reverse();
  const running = newest_first.filter((strike) => strike.state === "running");
  const over = newest_first.filter((strike) => strike.state !== "running");
  const shown = [...running, ...over].map(strike_article);
  by_id("strikes").replaceChildren(...(shown.length > 0 ? shown
    : [element("p", { class: "quiet" }, "No strike runs, and none is kept.")]));
}

function show_charts(now, rates) {
  const running = now.strikes.filter((strike) => strike.state === "running" &&
    strike.connect_p50_us > 0);
  const worst = (of) => (running.length === 0 ? null : Math.max(...running.map(of)));
  charts.rates.add(now.at, [rates.opened, rates.closed, rates.failed]);
  charts.live.add(now.at, [now.status.audit.live, now.status.audit.time_wait]);
  charts.connect.add(now.at, [worst((strike) => strike.connect_p50_us),
    worst((strike) => strike.connect_p99_us)]);
  charts.traffic.add(now.at, [rates.bytes_in, rates.bytes_out]);
}

function show_tables(now) {
  const { status, totals, http } = now;
  const audit = status.audit;
  by_id("audit").textContent = `${grouped(audit.opened)} opened = ` +
    `${grouped(audit.closed)} closed + ${grouped(audit.reset)} reset ` +
    `+ ${grouped(audit.aborted)} aborted + ${grouped(audit.timed_out)} timed out ` +
    `+ ${grouped(audit.refused)} refused + ${grouped(audit.other)} other ` +
    `+ ${grouped(audit.live)} live` +
    `${audit.balanced ? ": balanced" : ""}`;
  put_table("states", ["State", "Connections and records"],
    status.states.map((one) => [one.state, one.count]), "There is no connection.");
  put_table("links", ["Link", "State", "Device", "Addresses", "Frames in", "Frames out",
    "Bytes in", "Bytes out"],
    status.links.map((link) => [link.name, `${link.state} for ${span(link.state_s)}`, link.device,
      link.addresses.length > 2 ? `${link.addresses[0]} and ${link.addresses.length - 1} more`
        : link.addresses.join(", "), link.frames_in, link.frames_out, size(link.bytes_in),
      size(link.bytes_out)]), "There is no link.");
  put_table("tables", ["Table", "In use", "At most", "Part"],
    status.tables.map((one) => [one.name, one.used, one.capacity,
      one.capacity > 0 ? `${Math.round(100 * one.used / one.capacity)}%` : "-"]), "");
  put_table("findings", ["Rule", "Severity", "Connections"],
    totals.findings.map((one) => [one.rule, one.severity, one.count]),
    "No strike has found anything.");
  put_table("clients", ["Of", "Now", "In all", "Requests", "Errors", "Turned away"],
    [["control sockets", status.control.clients, status.control.accepted, status.control.requests,
      status.control.errors, status.control.turned_away],
    ["HTTP", http.clients, http.accepted, http.requests, http.errors,
      http.turned_away + http.refused + http.made_room]], "");
}

function show(now) {
  by_id("daemon").textContent = `version ${now.status.version}, up ${span(now.status.uptime_s)}`;
  const rates = rates_of(now);
  show_figures(now, rates);
  show_warnings(now);
  show_strikes(now);
  show_charts(now, rates);
  show_tables(now);
  before = now;
}

// ---- Whether conkerd answers ----

function say(alive, words) {
  const place = by_id("alive");
  // Said again only when it changes: a screen reader reads it aloud.
  if (place.textContent !== words) place.textContent = words;
  place.className = `alive ${alive ? "yes" : "no"}`;
  document.body.classList.toggle("stale", !alive);
}

function age() {
  return (performance.now() - told_at) / 1000;
}

function connect() {
  if (source) source.close();
  tried_at = performance.now();
  source = new EventSource("/events");
  source.onmessage = (event) => {
    told_at = performance.now();
    show(JSON.parse(event.data));
    look();
  };
}

/** Each second: how old what is shown is; connects again when conkerd is silent. */
function look() {
  const silent = told_at === null || age() > SILENT;
  if (told_at === null) say(false, "conkerd has not answered yet");
  else if (silent) say(false, "conkerd does not answer any more");
  else say(true, "live");
  by_id("age").textContent = told_at === null ? ""
    : `what is shown is ${age() < 1.5 ? "of this second" : `${span(Math.round(age()))} old`}`;
  const waited = (performance.now() - tried_at) / 1000;
  const closed = source.readyState === EventSource.CLOSED;
  if (closed ? waited > AGAIN : silent && waited > SILENT) connect();
}

by_id("charts").append(...Object.values(charts).map((chart) => chart.figure));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of Object.values(charts)) if (chart.chart) chart.draw();
});
connect();
setInterval(look, 1000);
