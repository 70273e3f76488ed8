// The page: its data, and a section for each thing that was asked, seen or counted.
"use strict";

function section(title, ...children) {
  return element("section", {}, element("h2", {}, title), ...children);
}

// ---- The verdict, and the figures that matter first ----

function main_figures(result) {
  const failed = Object.values(result.failed).reduce((a, b) => a + b, 0);
  const figure = (number, what) => element("li", {}, element("b", {}, number), what);
  return element("ul", { class: "figures", "aria-label": "Main figures" },
    figure(grouped(result.findings.length),
      result.findings.length === 1 ? "rule broken" : "rules broken"),
    figure(grouped(failed), `failed of ${counted(result.cycles, "cycle")}`),
    figure(grouped(result.cycles_per_second), "cycles a second"),
    figure(result.passive ? duration(result.close_us.p99) : duration(result.connect_us.p99),
      result.passive ? "close, 99 % within" : "connect, 99 % within"),
    figure(grouped(result.retransmits), "segments sent again"),
    figure(span(result.duration_s), "duration"));
}

function how_struck(result) {
  const when = result.begin ? `${time_of_day(result.begin.time)}, ` : "";
  return element("p", { class: "quiet" }, `${when}closed by ${result.close}, ` +
    `${grouped(result.concurrency)} at a time, seed ${result.seed}`);
}

function summary_of(page) {
  const { result } = page;
  return [
    element("div", { class: "title" },
      element("h1", {}, "Strike ", result.passive ? "of those who came to " : "of ",
        result.target),
      element("span", { class: `verdict ${result.verdict}`, id: "verdict" }, page.verdict)),
    element("p", { id: "why" }, result.why), main_figures(result), how_struck(result),
  ];
}

// ---- What failed ----

function failures_section({ result }) {
  if (result.failures.length === 0) return [];
  const made = section("Failed cycles",
    table("Failed cycles by phase", ["Phase", "What happened", "Cycles"],
      result.failures.map((failure) => [failure.phase, failure.text, failure.count])));
  const first = result.first_failure;
  if (first) {
    made.append(element("p", {}, `First failed: cycle ${grouped(first.cycle)} after ` +
      `${span(first.at_s)}, ${first.phase}, by ${first.way}; ` +
      `${first.peer ? `peer ${first.peer}` : `our ${first.local}`}.`));
  }
  const run = result.longest_run;
  if (run) {
    made.append(element("p", {}, `Most in a row: ${counted(run.cycles, "cycle")} in ` +
      `${span(run.lasted_s)}, from ${span(run.at_s)} on${run.to_the_end ? ", to the end" : ""}.`));
  }
  return [made];
}

// ---- Over time ----

function charts_section(page) {
  const { rows, result, charts } = page;
  const made = section("Over time");
  if (rows.number > 0) {
    made.append(element("p", { class: "quiet" }, rows.width_us <= 1e6
      ? "A point is a second." : `A point is ${duration(rows.width_us)}; of the latencies in it ` +
        "the highest."));
  }
  made.append(element("div", { class: "charts" }, ...charts.map(chart_figure)));
  if (result.trends.length > 0) {
    made.append(element("h3", {}, "Seen in it (no part of the verdict)"),
      element("ul", {}, ...result.trends.map((trend) => element("li", {}, trend.text))));
  }
  return [made];
}

// ---- Beside the strike ----

function monitors_section({ monitors }) {
  if (monitors.length === 0) return [];
  const phase = (of) => (of.probes === 0 ? "no probes"
    : `${counted(of.probes, "probe")}, ${grouped(of.failed)} failed` +
      (of.failed === of.probes ? ""
        : `, half within ${span(of.p50_s)}, longest ${span(of.worst_s)}`));
  const back = (of) => (of.first_failed_at_s === null ? "none"
    : `${span(of.longest_outage_s)}, first after ${span(of.first_failed_at_s)}: ` +
      `${of.first_failure}; ` + (of.recovered_after_s === null ? "not back at the end"
      : `back ${span(of.recovered_after_s)} after the strike's end`));
  return [section("Services beside it",
    table("What monitors saw",
      ["Monitor", "Service", "Before", "During", "After", "Longest outage"],
      monitors.map((of) => [of.monitor, of.why === "" ? of.state : `${of.state} ${of.why}`,
        `half within ${span(of.baseline_p50_s)}`, phase(of.during), phase(of.after), back(of)])))];
}

function watches_section({ watches }) {
  if (watches.length === 0) return [];
  const line = (of) => [`${of.at_s.toFixed(3)} s`, of.cycle, of.line];
  const titles = ["After", "About cycle", "Line"];
  return [section("What the device said", ...watches.map((of) => {
    const made = element("div", {}, element("h3", {}, of.watch),
      element("p", {}, `${counted(of.lines, "line")}, ${grouped(of.matched)} of them what ` +
        `--watch-fail looks for${of.ended === "" ? "" : `; ${of.ended}`}`));
    if (of.first_matches.length > 0)
      made.append(table(`First of ${of.watch}`, titles, of.first_matches.map(line)));
    made.append(element("details", {},
      element("summary", {}, `The last ${counted(of.log.length, "line")}`),
      table(`Lines of ${of.watch}`, titles, of.log.map(line))));
    return made;
  }))];
}

// ---- The account ----

function look_row(look) {
  const when = look.before ? "before it" : look.after_s === 0 ? "after it"
    : `${span(look.after_s)} after`;
  const took = (us) => (us === null ? "unanswered" : duration(us));
  return [when, look.peer, took(look.ping_us), took(look.connect_us)];
}

function account_section({ result }) {
  const { audit } = result;
  const times = (of) => `half within ${duration(of.p50)}, 90% ${duration(of.p90)}, ` +
    `99% ${duration(of.p99)}, 99.9% ${duration(of.p999)}, longest ${duration(of.max)}`;
  const parts = ["closed", "reset", "aborted", "timed_out", "refused", "other", "live"]
    .map((name) => `${grouped(audit[name])} ${name.replace("_", " ")}`);
  const rows = [["Connections", `${grouped(audit.opened)} opened = ${parts.join(" + ")}: ` +
    (audit.balanced ? "balanced" : "NOT BALANCED")]];
  if (!result.passive) rows.push(["Connect", times(result.connect_us)]);
  rows.push(["Close", times(result.close_us)]);
  rows.push(["Sent again", counted(result.retransmits, "segment")]);
  rows.push(["TIME-WAIT", `${grouped(result.time_wait.evicted)} evicted, ` +
    `${grouped(result.time_wait.reused)} reused`]);
  rows.push(["In flight", `${counted(result.in_flight.max, "cycle")} at most, ` +
    `${result.in_flight.mean.toFixed(1)} on average; ` +
    `${grouped(result.in_flight.opening)} in SYN-SENT at most`]);
  rows.push(["Judged", counted(result.judged, "segment") + " of the target" +
    (result.judge_bytes ? `, in ${size(result.judge_bytes)} of memory` : "")]);
  if (result.missed > 0) rows.push(["Missed of the rate", counted(result.missed, "cycle")]);
  const made = section("The account", facts("The account", rows));
  if (result.ways.length > 0) {
    made.append(element("h3", {}, "Ways to close"),
      table("Ways to close", ["Way", "Begun", "Completed", "Failed", "How"],
        result.ways.map((way) => [way.name, way.begun, way.completed, way.failed,
          way.failures.map((of) => `${grouped(of.count)} ${of.text}`).join(", ")])));
  }
  if (result.ladder) {
    made.append(element("h3", {}, "How many at a time it bears"),
      table("Rungs", ["At a time", "Cycles a second", "Connect, 99 %", "Completed", "Refused",
        "Unanswered", "Failed"],
      result.ladder.rungs.map((rung) => [rung.concurrency, rung.cycles_per_second,
        duration(rung.connect_p99_us), rung.completed, rung.refused, rung.unanswered,
        rung.failed])));
  }
  if (result.looks.length > 0) {
    made.append(element("h3", {}, "Looks at the target"),
      table("Looks at the target", ["When", "Target", "Ping", "Open"],
        result.looks.map(look_row)));
  }
  return [made];
}

// ---- What was asked, and what it was written to ----

function asked_section({ result, asked, faults }) {
  if (!result.begin) return [];
  const { begin } = result;
  const made = section("What was asked", facts("Where and when", [
    ["Target", begin.target], ["Link", `${begin.link}: ${begin.device}`],
    ["Begun", time_of_day(begin.time)], ["conkerd", begin.version],
    ["Seed", String(result.seed)]]));
  const rows = (list) => list.map((of) => [of.name, of.value, of.help]);
  made.append(element("details", {}, element("summary", {}, "All parameters"),
    table("Parameters", ["Parameter", "Value", "What it is"], rows(asked))));
  if (faults.length > 0) {
    made.append(element("h3", {}, "Faults of our link at the begin"),
      table("Faults of our link", ["Fault", "Value", "What it is"], rows(faults)));
  }
  return [made];
}

function files_section(page) {
  const { evidence, journal } = page.result;
  const list = element("ul", {});
  if (page.evidence !== "") {
    list.append(element("li", {}, "Evidence: ", file_link(page.evidence), evidence
      ? `, ${counted(evidence.frames, "frame")} of ${counted(evidence.findings, "finding")}, ` +
        `${size(evidence.bytes)}${evidence.error ? `; incomplete: ${evidence.error}` : ""}` : ""));
  }
  if (page.journal !== "") {
    list.append(element("li", {}, "Journal: ", file_link(page.journal),
      journal ? `, ${counted(journal.lines, "line")}` : "",
      journal && journal.error ? `; incomplete: ${journal.error}` : ""));
  }
  return list.children.length === 0 ? [] : [section("Files beside it", list)];
}

function text_section(page) {
  return [section("The report as text", element("pre", {}, page.text))];
}

/** All that is known of a strike, behind its summary. */
function details_of(page) {
  return [findings_section(page), ...failures_section(page), ...charts_section(page),
    ...monitors_section(page), ...watches_section(page), ...account_section(page),
    ...asked_section(page), ...files_section(page), ...text_section(page)];
}

function show_strike(page) {
  document.title = `${page.verdict}: strike of ${page.result.target}`;
  document.getElementById("summary").append(...summary_of(page));
  document.getElementById("report").append(...details_of(page));
}

// ---- A scenario: an overview of its phases, then each ----

function phase_row(phase, i) {
  const name = element("a", { href: `#phase-${i + 1}` }, phase.phase);
  const verdict = phase.verdict + (phase.counts ? "" : " (does not count)");
  if (!phase.strike) return [name, "-", "-", "-", "-", "-", verdict];
  const { result } = phase.strike;
  const failed = Object.values(result.failed).reduce((a, b) => a + b, 0);
  return [name, grouped(result.cycles), grouped(result.cycles_per_second), grouped(failed),
    duration(result.connect_us.p99), grouped(result.findings.length), verdict];
}

function phase_part(phase, i) {
  const made = element("article", { id: `phase-${i + 1}` },
    element("div", { class: "title" }, element("h2", {}, `Phase ${i + 1}: ${phase.phase}`),
      element("span", { class: `verdict ${phase.verdict.toLowerCase()}` }, phase.verdict)),
    element("p", {}, phase.why));
  if (phase.strike) {
    made.append(main_figures(phase.strike.result), how_struck(phase.strike.result),
      ...details_of(phase.strike));
  }
  return made;
}

function show_scenario(page) {
  document.title = `${page.verdict}: scenario ${page.scenario}`;
  document.getElementById("summary").append(
    element("div", { class: "title" }, element("h1", {}, `Scenario ${page.scenario}`),
      element("span", { class: `verdict ${page.verdict.toLowerCase()}`, id: "verdict" },
        page.verdict)),
    element("p", { id: "why" }, page.why));
  document.getElementById("report").append(
    section("Phases", table("Phases", ["Phase", "Cycles", "A second", "Failed", "Connect 99 %",
      "Rules broken", "Verdict"], page.phases.map(phase_row))),
    ...monitors_section(page), ...watches_section(page), ...page.phases.map(phase_part));
}

{
  const page = JSON.parse(document.getElementById("data").textContent);
  if (page.scenario) show_scenario(page);
  else show_strike(page);
  document.getElementById("made").textContent = `Written by ${page.program}.`;
  draw_charts();
}
