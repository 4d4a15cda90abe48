// The content of a preview, and of the confirmation of a recorded report.

import { el } from "./dom.js";
import { formatOutcomes, formatRange, say } from "./messages.js";

function makeList(title, texts) {
  if (!texts.length) return [];
  return [el("h3", {}, title), el("ul", {}, ...texts.map((text) => el("li", {}, text)))];
}

function namesOf(preview) {
  const names = new Map(Object.entries(preview.names));
  for (const kind of ["places", "groups"]) {
    for (const each of preview.new[kind]) names.set(each.id, each.name);
  }
  return names;
}

function formatPeriod({ from, to }) {
  if (!from) return say("preview.until", { to });
  return from === to ? say("preview.day", { to }) : say("preview.days", { from, to });
}

function makeRow(after, before) {
  const same = after.text === before.text;
  return el(
    "tr",
    { class: same ? "same" : "changed" },
    el("th", { scope: "row" }, formatOutcomes(after.outcomes)),
    el("td", {}, before.text),
    el("td", {}, same ? say("preview.same") : el("strong", {}, after.text)),
  );
}

function makeTable(preview) {
  const names = namesOf(preview);
  const query = preview.after.query;
  const joinNames = (ids) => ids.map((id) => names.get(id) ?? id).join(", ");
  const scope = { places: joinNames(query.places), period: formatPeriod(query), groups: joinNames(query.groups) };
  const everyone = query.groups.includes("everyone");
  const rows = preview.after.totals.map((after, at) => makeRow(after, preview.before.totals[at]));
  const head = ["what", "before", "after"].map((key) =>
    el("th", { scope: "col" }, say(`preview.${key}`)),
  );
  const changes = rows.some((each) => each.className === "changed");
  return [
    el("h3", { id: "totals-title" }, say("preview.totals")),
    el("p", { class: "scope" }, say(everyone ? "preview.scope" : "preview.scope.of", scope)),
    changes ? null : el("p", {}, say("preview.unchanged")),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "totals-title" },
      el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
    ),
  ].filter(Boolean);
}

function formatFigure(figure) {
  const text = `${formatRange(figure)}, ${formatOutcomes(figure.outcomes)}`;
  return figure.wording ? el("span", {}, el("q", {}, figure.wording), ": ", text) : text;
}

// Returns the elements of a preview; `preview.names` maps ids of places and groups to names.
export function renderPreview(preview) {
  const newEntities = ["reporters", "places", "groups"].flatMap((kind) =>
    preview.new[kind].map(({ id, name }) => say(`preview.new.${kind}`, { id, name })),
  );
  return [
    el("p", {}, say(preview.known ? "preview.known" : "preview.nothing")),
    ...makeList(say("preview.warnings"), preview.warnings.map((each) => each.text)),
    ...makeList(say("preview.new"), newEntities),
    ...makeList(say("preview.read"), preview.report.figures.map(formatFigure)),
    ...makeTable(preview),
  ];
}

export function renderRecorded(report, known) {
  const { id, seq } = report;
  return [
    el("p", {}, say("sent.text", { seq, id })),
    known ? el("p", {}, say("sent.known")) : null,
    el(
      "p",
      { class: "links" },
      el("a", { href: `report/${encodeURIComponent(id)}` }, say("sent.see")),
      " ",
      el("a", { href: `v1/reports/${encodeURIComponent(id)}` }, say("sent.json")),
    ),
    ...makeList(say("preview.warnings"), report.warnings.map((each) => each.text)),
  ].filter(Boolean);
}
