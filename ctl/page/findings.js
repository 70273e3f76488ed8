// What was found, each finding with the frames that prove it.
"use strict";

/** Like "1:11 (10 B)": the first number of a segment, that behind it, and its data. */
function numbers_of(frame) {
  return `seq ${frame.first}:${(frame.first + frame.length) % 2 ** 32} (${frame.payload} B)`;
}

/** A segment as an arrow from one lifeline to the other. */
function arrow(frame, peers_port) {
  const lane = element("div", { class: "lane" });
  const who = element("span", { class: "unseen" },
    frame.ours ? "conker sends " : "the peer sends ");
  if (frame.malformed !== undefined) {
    lane.append(element("p", {}, who, element("b", {}, "malformed"),
      `, from the TCP header on: ${frame.malformed}`));
  } else {
    const acked = frame.acked === null ? "" : `, ack ${frame.acked}`;
    const port = frame.peer_port === peers_port ? "" : `, port ${frame.peer_port}`;
    lane.append(element("p", {}, who, element("b", {}, frame.flags),
      ` ${numbers_of(frame)}${acked}, win ${frame.window}${port}`));
  }
  lane.append(element("div", { class: "arrow" }));
  if (frame.malformed === undefined) {
    const ack = frame.acknowledgment === null ? "" : `, ACK ${frame.acknowledgment}`;
    const options = frame.options === "" ? "" : `; ${frame.options}`;
    lane.append(element("p", { class: "quiet" }, `SEQ ${frame.sequence}${ack}${options}`));
  }
  for (const comment of frame.comments)
    lane.append(element("p", {}, element("b", {}, "breaks a rule: "), comment));
  return element("li", { class: `${frame.ours ? "ours" : "peers"}${frame.comments.length > 0
    ? " breaks" : ""}` }, element("span", { class: "at" }, duration(frame.at_us)), lane);
}

function left_out(number, where) {
  return element("li", {}, element("span", { class: "at" }, "..."),
    element("div", { class: "lane" },
      element("p", { class: "quiet" }, `${counted(number, "frame")} ${where}`)));
}

/** The frames of a connection, from its SYN on. */
function sequence(shown) {
  const peers_port = Number(shown.peer.slice(shown.peer.lastIndexOf(":") + 1));
  const list = element("ol", { class: "sequence" });
  shown.frames.forEach((frame, i) => {
    list.append(arrow(frame, peers_port));
    if (i === 0 && shown.left_out > 0) list.append(left_out(shown.left_out, "are left out here"));
  });
  if (shown.after > 0) list.append(left_out(shown.after, "more are in the capture"));
  return element("figure", {},
    element("figcaption", {}, element("h4", {}, "Its frames"),
      element("p", { class: "quiet" },
        "Times are from the first frame on, seq and ack from the initial sequence numbers; " +
        "SEQ, ACK and win as they were in the segment.")),
    element("div", { class: "ends" }, element("span", { class: "at" }, "time"),
      element("div", {}, element("span", {}, `conker ${shown.ours}`),
        element("span", {}, `peer ${shown.peer}`))),
    list);
}

function in_unit(value, unit) {
  return unit === "us" ? duration(value) : `${value} (${unit})`;
}

function finding_article(finding, number, page) {
  const rows = [];
  const certain = finding.count - finding.inconclusive;
  rows.push(["Connections", finding.inconclusive === 0 ? grouped(finding.count)
    : `${grouped(finding.count)}, ${grouped(finding.inconclusive)} of them inconclusive: ` +
      finding.because]);
  rows.push(["First", `in cycle ${grouped(finding.cycle)}, after ${span(finding.at_s)}`]);
  if (finding.to !== "") rows.push(["From, to", `${finding.from} to ${finding.to}`]);
  if (finding.unit !== "") {
    rows.push(["Expected", `${in_unit(finding.expected, finding.unit)}, seen ` +
      in_unit(finding.seen, finding.unit)]);
    rows.push(["Segment", `SEG.SEQ ${finding.sequence}, SEG.LEN ${finding.length}`]);
  }
  if (finding.offset !== null) rows.push(["Offset in the payload", String(finding.offset)]);
  const article = element("article", { id: `finding-${number}`, "data-rule": finding.rule },
    element("h3", {},
      element("span", { class: `severity ${finding.severity}` }, finding.severity), " ",
      finding.text),
    element("p", {}, `${finding.section}, rule `, element("code", {}, finding.rule),
      certain === 0 ? ". Our own side may have been the cause of all of them." : ""),
    facts(`Figures of ${finding.rule}`, rows));
  const shown = page.frames.find((frames) => frames.rule === finding.rule);
  if (shown) article.append(sequence(shown));
  if (shown && page.evidence !== "") {
    article.append(element("p", {}, "In Wireshark: ", file_link(page.evidence),
      ", display filter ", element("code", {}, `frame.comment contains "${finding.rule}"`)));
  }
  return article;
}

/** The section with all of them, the worst first. */
function findings_section(page) {
  const { findings, judged, begin } = page.result;
  const section = element("section", {}, element("h2", {}, "Findings"));
  const unjudged = begin && begin.parameters.unjudged;
  if (findings.length === 0) {
    section.append(element("p", {}, unjudged ? "None: the target was not judged, as asked."
      : `None: no rule was broken in ${counted(judged, "segment")} of the target.`));
  } else if (page.frames.length === 0) {
    section.append(element("p", { class: "quiet" }, page.evidence === ""
      ? "Their frames were not kept: strike with --evidence FILE.pcapng to have them here."
      : "The evidence has no frames of them."));
  }
  findings.forEach((finding, i) => section.append(finding_article(finding, i + 1, page)));
  return section;
}
