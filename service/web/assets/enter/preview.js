// What a preview or a recorded report has to tell.

import { el } from "./dom.js";
import { outcomesInWords, rangeInWords, say } from "./messages.js";

function listed(title, texts) {
  if (!texts.length) return [];
  return [el("h3", {}, title), el("ul", {}, ...texts.map((text) => el("li", {}, text)))];
}

function namesOf(told) {
  const names = new Map(Object.entries(told.names));
  for (const kind of ["places", "groups"]) {
    for (const each of told.new[kind]) names.set(each.id, each.name);
  }
  return names;
}

function period({ from, to }) {
  if (!from) return say("preview.until", { to });
  return from === to ? say("preview.day", { to }) : say("preview.days", { from, to });
}

function row(now, then) {
  const same = now.text === then.text;
  return el(
    "tr",
    { class: same ? "same" : "changed" },
    el("th", { scope: "row" }, outcomesInWords(now.outcomes)),
    el("td", {}, then.text),
    el("td", {}, same ? say("preview.same") : el("strong", {}, now.text)),
  );
}

function table(told) {
  const names = namesOf(told);
  const asked = told.after.query;
  const named = (ids) => ids.map((id) => names.get(id) ?? id).join(", ");
  const scope = { places: named(asked.places), period: period(asked), groups: named(asked.groups) };
  const everyone = asked.groups.includes("everyone");
  const rows = told.after.totals.map((now, at) => row(now, told.before.totals[at]));
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

function figureInWords(figure) {
  const said = `${rangeInWords(figure)}, ${outcomesInWords(figure.outcomes)}`;
  return figure.wording ? el("span", {}, el("q", {}, figure.wording), ": ", said) : said;
}

// The parts of the page that tell of a preview; `names` are those of places and groups by id.
export function previewed(told) {
  const made = ["reporters", "places", "groups"].flatMap((kind) =>
    told.new[kind].map(({ id, name }) => say(`preview.new.${kind}`, { id, name })),
  );
  return [
    el("p", {}, say(told.known ? "preview.known" : "preview.nothing")),
    ...listed(say("preview.warnings"), told.warnings.map((each) => each.text)),
    ...listed(say("preview.new"), made),
    ...listed(say("preview.read"), told.report.figures.map(figureInWords)),
    ...table(told),
  ];
}

export function recorded(report, known) {
  const { id, seq } = report;
  return [
    el("p", {}, say("sent.text", { seq, id })),
    known ? el("p", {}, say("sent.known")) : null,
    el(
      "p",
      { class: "links" },
      el("a", { href: `report?id=${encodeURIComponent(id)}` }, say("sent.see")),
      " ",
      el("a", { href: `v1/reports/${encodeURIComponent(id)}` }, say("sent.json")),
    ),
    ...listed(say("preview.warnings"), report.warnings.map((each) => each.text)),
  ].filter(Boolean);
}
