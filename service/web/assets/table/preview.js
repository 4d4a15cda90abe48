// The rows of a table as the service reads them, and the totals before and after.

import { el } from "../enter/dom.js";
import { formatNumber, formatOutcomes, formatRange, say } from "../enter/messages.js";

const MANY_ROWS = 20;

function formatDays({ from, to }) {
  if (!from) return say("preview.until", { to });
  return from === to ? to : say("preview.days", { from, to });
}

function readFigure(figure) {
  const outcomes = figure.outcomes?.length ? formatOutcomes(figure.outcomes) : "";
  if (figure.wording !== undefined) return outcomes ? `“${figure.wording}” (${outcomes})` : `“${figure.wording}”`;
  const low = figure.exactly ?? figure.low ?? 0;
  const high = figure.exactly ?? figure.high ?? null;
  return `${formatRange({ low, high })} ${outcomes}`;
}

function describeReport(report) {
  const places = report.places.map((each) => each.name ?? each.id).join(", ");
  return [places, formatDays(report.period), report.figures.map(readFigure).join("; ")].join(" · ");
}

function hasProblem(row) {
  return row.end === "refused" || Boolean(row.replaced) || (row.warnings ?? []).length > 0;
}

function describeProblem(row, columns) {
  const at = columns.indexOf(row.column);
  const cell = at < 0 ? "" : say("row.cell", { column: row.column, cell: row.cells[at] });
  const texts = row.reason ? [`${cell}${row.reason}`] : [];
  if (row.replaced) texts.push(say("row.replaces", { report: row.replaced }));
  return [...texts, ...(row.warnings ?? []).map((each) => each.text)];
}

function makeRow(row, columns) {
  const cells = row.cells.filter(Boolean).join(" · ");
  const problems = describeProblem(row, columns).map((text) => el("p", {}, text));
  return el(
    "tr",
    { class: `${row.end}${hasProblem(row) ? " problem" : ""}` },
    el("th", { scope: "row" }, formatNumber(row.line)),
    el("td", { class: "end" }, say(`end.${row.end}`)),
    el("td", {}, row.report ? describeReport(row.report) : cells),
    el("td", {}, ...problems),
  );
}

function makeTable(title, id, heads, rows) {
  const head = heads.map((text) => el("th", { scope: "col" }, text));
  return [
    el("h3", { id }, title),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id },
      el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
    ),
  ];
}

function makeRows({ rows, columns }) {
  const heads = ["line", "end", "read", "problem"].map((key) => say(`row.${key}`));
  const inOrder = [...rows].sort((one, other) => one.line - other.line);
  const made = inOrder.map((row) => makeRow(row, columns));
  const table = makeTable(say("rows"), "rows-title", heads, made);
  if (rows.length <= MANY_ROWS || !rows.some(hasProblem)) return table;
  const box = el("input", { type: "checkbox", id: "only-problems" });
  box.addEventListener("change", () => {
    for (const each of made) each.hidden = box.checked && !each.classList.contains("problem");
  });
  return [table[0], el("label", { class: "tick", for: "only-problems" }, box, ` ${say("only")}`), table[1]];
}

function makeTotals(totals, period) {
  if (totals === null) return [el("p", {}, say("no_time"))];
  if (!totals.length) return [];
  const heads = [say("place"), say("preview.what"), say("preview.before"), say("after")];
  const rows = totals.map(({ name, outcomes, before, after }) => {
    const isSame = before.text === after.text;
    return el(
      "tr",
      { class: isSame ? "same" : "changed" },
      el("th", { scope: "row" }, name),
      el("td", {}, formatOutcomes(outcomes)),
      el("td", {}, before.text),
      el("td", {}, isSame ? say("preview.same") : el("strong", {}, after.text)),
    );
  });
  return makeTable(say("totals", { days: formatDays(period) }), "totals-title", heads, rows);
}

function makeQuestions(questions) {
  if (!questions.length) return [];
  const items = questions.map(({ code, text }) =>
    el("li", {}, text, " ", el("small", {}, say(`question.${code}`, { detail: "" }))),
  );
  return [el("h3", {}, say("questions")), el("ul", {}, ...items)];
}

function makeCounts(counts) {
  const ends = ["added", "revised", "known", "skipped", "refused"].filter((end) => counts[end]);
  return ends.map((end) => say(`counts.${end}`, { count: counts[end] })).join(" ");
}

// Returns the elements of a preview.
export function renderPreview(preview) {
  const { counts, questions, totals, unused_columns: unused } = preview;
  return [
    el("p", { id: "row-counts" }, `${say("preview.nothing")} ${makeCounts(counts)}`),
    unused.length ? el("p", { class: "fine" }, say("unused", { columns: unused.join(", ") })) : null,
    ...makeQuestions(questions),
    ...makeTotals(totals, preview.period),
    ...makeRows(preview),
  ].filter(Boolean);
}

// Returns the elements that say what was recorded; `places` are the ids and names of the totals.
export function renderSent({ counts, importId, refused, places }, root) {
  const links = places.map(({ place, name }) =>
    el("a", { href: `${root}place/${encodeURIComponent(place)}` }, name),
  );
  return [
    el("p", {}, makeCounts(counts)),
    ...(refused.length
      ? [el("ul", {}, ...refused.map(({ line, detail }) => el("li", {}, say("sent.refused", { line, detail }))))]
      : []),
    el("p", { class: "links" }, ...links.flatMap((link) => [link, " "])),
    el("p", { class: "fine" }, say("sent.import", { id: importId })),
  ];
}
