// What each column contains: guessed from its name and its cells, chosen in the form, and written
// as a mapping in the form that the service reads (docs/importing.md).

import { copyTemplate } from "../enter/dom.js";
import { say } from "../enter/messages.js";
import { pickerOf } from "../enter/picker.js";

const $ = (id) => document.getElementById(id);

const OUTCOMES = {
  killed: ["killed"], wounded: ["wounded"], missing: ["missing"], captured: ["captured"],
  killed_wounded: ["killed", "wounded"],
};

const LEVELS = ["country", "region", "district", "place"];

const REF_ROLES = ["reporter", "from", "to", "day", ...LEVELS, "places", "side", "group"];

// Names of columns, in lower case without signs; the first that fits counts. Only whole names: a
// column of killed children is not guessed to be one of everybody.
const GUESSES = [
  ["place_id", /^(placeid|pcode)$/],
  ["ref", /^(ref|no|nr|key|row|[a-z]*id)$/],
  ["url", /^(url|link|sourceurl|web)$/],
  ["latitude", /^lat(itude)?$/],
  ["longitude", /^(lon|lng|long|longitude)$/],
  ["from", /^(from|since|start|startdate|begin|firstday|datefrom|datestart)$/],
  ["to", /^(to|until|till|end|enddate|lastday|dateto|dateend)$/],
  ["day", /^(day|date|eventdate|on)$/],
  ["published", /^(published|publishedat|publishedon|publicationdate)$/],
  ["killed_wounded", /^killed(or|and)?wounded$/],
  ["killed", /^(people|persons|total)?(killed|dead|deaths?|died|fatalities|kia)$/],
  ["wounded", /^(people|persons|total)?(wounded|injured|injuries|wia)$/],
  ["missing", /^(people|persons|total)?(missing|mia)$/],
  ["captured", /^(people|persons|total)?(captured|prisoners|pows?)$/],
  ["words", /^(words|wording|figures?|claim)$/],
  ["country", /^(country|adm0|admin0)(name)?$/],
  ["region", /^(region|province|oblast|governorate|state|adm1|admin1)(name)?$/],
  ["district", /^(district|raion|county|adm2|admin2)(name)?$/],
  ["places", /^(places|towns|villages|locations)$/],
  ["place", /^(place|town|village|city|settlement|location|where)(name)?$/],
  ["reporter", /^(reporter|claimant|saidby|who)$/],
  ["side", /^(side|party|belligerent)$/],
  ["group", /^(group|unit)$/],
  ["incident", /^(incident|event)$/],
  ["quote", /^(quote|statement)$/],
  ["note", /^(notes?|comments?|remarks?)$/],
];

// Words of a name that say what its numbers mean.
const MEANINGS = [["low", /^(low|min|minimum|least)$/], ["high", /^(high|max|maximum|most)$/], ["best", /^best$/]];

// A template of a mapping cannot name such a column.
const UNUSABLE = /[{}|]/;

const ISO_DAY = /^\d{4}-\d{2}-\d{2}/;
const DAY_ROLES = ["day", "from", "to"];
const DAY_FORMATS = {
  day: ["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y"],
  month: ["%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y"],
};

const NUMBER = /^\d{1,3}([ ,\u00a0\u202f]?\d{3})*$/;
const RANGE = /^\d+\s*[-–—]\s*\d+$/;

function splitName(name) {
  return name.toLowerCase().split(/[^a-z0-9]+/).filter(Boolean);
}

function findMeaning(word) {
  return MEANINGS.find(([, pattern]) => pattern.test(word))?.[0];
}

function guessRole(name, cells, taken) {
  if (UNUSABLE.test(name)) return "";
  const plain = splitName(name).filter((word) => word !== "at" && !findMeaning(word)).join("");
  const role = GUESSES.find(([, pattern]) => pattern.test(plain))?.[0] ?? "";
  // The day of publication is only read in the form 2024-12-31.
  const isUnreadable = role === "published" && cells.some((cell) => cell && !ISO_DAY.test(cell));
  return role in OUTCOMES || !(taken.has(role) || isUnreadable) ? role : "";
}

function guessMeaning(name, cells) {
  const named = splitName(name).map(findMeaning).find(Boolean);
  const filled = cells.map((cell) => cell.trim()).filter(Boolean);
  if (named) return named;
  if (filled.every((cell) => NUMBER.test(cell))) return "exactly";
  return filled.every((cell) => NUMBER.test(cell) || RANGE.test(cell)) ? "range" : "wording";
}

// Returns in which order the days are written: "year", "day" or "month" first; "" if that is not
// sure, as for 03/04/2024.
function guessDays(cells) {
  const days = cells.filter(Boolean);
  if (days.every((cell) => ISO_DAY.test(cell))) return "year";
  const pairs = days.map((cell) => /^(\d{1,2})[./-](\d{1,2})[./-]\d{4}/.exec(cell)).filter(Boolean);
  if (pairs.some(([, first]) => Number(first) > 12)) return "day";
  if (pairs.some(([, , second]) => Number(second) > 12)) return "month";
  if (pairs.length) return "";
  return days.every((cell) => /^\d/.test(cell)) ? "day" : "month";
}

function isOutcome(role) {
  return role in OUTCOMES;
}

// Shows the columns, each with what it seems to contain; `rows` are the cells of all rows.
export function showColumns(columns, rows) {
  const taken = new Set();
  const made = columns.map((name, at) => {
    const row = copyTemplate("column-template", "COLUMN", "");
    const [role, meaning] = [row.querySelector(".role"), row.querySelector(".meaning")];
    const cells = rows.map((row) => row[at].trim());
    const isUsable = !UNUSABLE.test(name);
    Object.assign(row.dataset, {
      column: name,
      separator: cells.some((cell) => cell.includes(";")) ? ";" : ",",
      filled: cells.every(Boolean),
      days: guessDays(cells),
    });
    row.querySelector("th").textContent = name;
    row.querySelector(".example").textContent = isUsable ? (cells.find(Boolean) ?? "") : say("rename");
    role.id = `column-${at}`;
    role.disabled = !isUsable;
    role.setAttribute("aria-label", say("role", { name }));
    meaning.setAttribute("aria-label", say("meaning", { name }));
    role.value = guessRole(name, cells, taken);
    taken.add(role.value);
    meaning.value = guessMeaning(name, cells);
    meaning.hidden = !isOutcome(role.value);
    role.addEventListener("change", () => {
      meaning.hidden = !isOutcome(role.value);
      chooseDays();
    });
    return row;
  });
  $("column-rows").replaceChildren(...made);
  chooseDays();
  showConstants();
}

// Chooses how days are written, as the columns of days show it.
function chooseDays() {
  const found = new Set(readColumns().filter(({ role }) => DAY_ROLES.includes(role)).map(({ days }) => days));
  const sure = [...found].filter(Boolean);
  const others = sure.filter((each) => each !== "year");
  const isUnsure = others.length > 1 || (found.has("") && !others.length);
  $("days").value = isUnsure ? "" : (others[0] ?? "year");
}

function readColumns() {
  return [...$("column-rows").children].map((row) => ({
    name: row.dataset.column,
    role: row.querySelector(".role").value,
    meaning: row.querySelector(".meaning").value,
    separator: row.dataset.separator,
    isFilled: row.dataset.filled === "true",
    days: row.dataset.days,
  }));
}

function readCounts() {
  return document.querySelector("#counts input:checked").value;
}

// Asks for the reporter and the first day only where no column has them.
export function showConstants() {
  const roles = new Set(readColumns().map((each) => each.role));
  $("reporter").hidden = roles.has("reporter");
  $("place").hidden = roles.has("country");
  $("groups").hidden = roles.has("group");
  $("first-day-field").hidden = readCounts() !== "running" || roles.has("from");
}

function pickedItems(id) {
  return $(id).hidden ? [] : pickerOf($(id)).items;
}

function withoutBraces(text) {
  return text.replace(/[{}]/g, ""); // They would begin a column.
}

// Returns what a mapping says of a picked or new place, group or reporter.
function describe(item) {
  const described = { id: item.id, name: withoutBraces(item.name || item.id) };
  const kind = item.fields?.get("/kind")?.value.trim();
  if (kind) described.kind = withoutBraces(kind);
  return described;
}

function describeGroup(item) {
  const parent = item.parent?.items[0]?.id;
  return parent ? { ...describe(item), parent } : describe(item);
}

// Returns a picked place as levels: a new one after the place that it is in.
function describePlace(item) {
  const around = item.parent?.items[0];
  return around ? [describe(around), describe(item)] : [describe(item)];
}

function makeFigures(columns) {
  const figures = columns.filter((each) => each.role === "words").map(({ name }) => ({ wording: `{${name}}` }));
  const ranges = new Map();
  for (const { name, role, meaning } of columns) {
    if (!(role in OUTCOMES)) continue;
    const outcomes = OUTCOMES[role];
    if (["low", "high", "best"].includes(meaning) && !ranges.get(role)?.[meaning]) {
      const known = ranges.get(role);
      if (known) known[meaning] = `{${name}}`;
      else {
        ranges.set(role, { outcomes, [meaning]: `{${name}}` });
        figures.push(ranges.get(role));
      }
    } else {
      figures.push({ outcomes, [meaning]: `{${name}}` });
    }
  }
  return figures;
}

function makePlaces(column, separator) {
  const levels = pickedItems("place").flatMap(describePlace);
  for (const role of LEVELS) {
    if (column(role)) levels.push(role === "country" ? { name: column(role), kind: role } : { name: column(role) });
  }
  if (column("places")) levels.push({ name: column("places"), split: separator });
  const last = levels.at(-1);
  if (last && !last.split) {
    if (column("place_id")) last.id = column("place_id");
    if (column("latitude") && column("longitude")) {
      Object.assign(last, { latitude: column("latitude"), longitude: column("longitude") });
    }
  }
  return levels;
}

// Returns what tells the rows apart: the id of the row, or all that says who, when and where. It has
// the name of the table, so that two tables of one reporter do not replace each other.
function makeRef(columns) {
  const own = columns.filter(({ role }) => role === "ref");
  const telling = columns.filter(({ role, isFilled }) => isFilled && REF_ROLES.includes(role));
  const parts = own.length ? own.map(({ name }) => `{${name}}`) : telling.map(({ name }) => `{${name}|id}`);
  const table = withoutBraces($("table-name").value.trim()).replace(/\s+/g, "-");
  return [table, ...parts].filter(Boolean).join("-");
}

// Returns the mapping that the form describes, and what is missing, as errors with pointers.
export function readMapping() {
  const columns = readColumns();
  const column = (role) => {
    const found = columns.find((each) => each.role === role);
    return found && `{${found.name}}`;
  };
  const counts = readCounts();
  const places = makePlaces(column, columns.find((each) => each.role === "places")?.separator);
  const figures = makeFigures(columns);
  const [picked] = pickedItems("reporter");
  const reporter = column("reporter") ? { name: column("reporter") } : picked && describe(picked);
  if (picked?.fields?.get("/party")?.checked) reporter.party = true;
  const last = column("to") ?? column("day") ?? column("from");
  const ref = makeRef(columns);
  const errors = [];
  if (!figures.length) errors.push({ pointer: "/columns", detail: say("need.number") });
  if (figures.some((figure) => figure.best && !figure.low && !figure.high)) {
    errors.push({ pointer: "/columns", detail: say("need.range") });
  }
  if (!last) errors.push({ pointer: "/columns", detail: say("need.day") });
  if (!$("days").value) errors.push({ pointer: "/days", detail: say("need.days") });
  if (!reporter) errors.push({ pointer: "/reporter", detail: say("need.reporter") });
  if (!places.length) errors.push({ pointer: "/place", detail: say("need.place") });
  if (errors.length) return { errors };

  const report = { ref };
  if (counts === "events") {
    const scheme = reporter.id ?? column("reporter").replace("}", "|id}");
    report.incident = column("incident") ?? `${scheme}:${ref.replaceAll(/\{([^{}|]+)\}/g, "{$1|id}")}`;
  } else if (column("incident")) report.incident = column("incident");
  for (const role of ["quote", "note"]) if (column(role)) report[role] = column(role);
  if (column("published")) report.published_at = column("published");
  if (column("url")) report.source = { url: column("url") };
  const firstDay = counts === "running" ? $("first-day").value : column("day") ?? last;
  const first = column("from") ?? firstDay;
  const groups = pickedItems("groups").map(describeGroup);
  if (column("side")) groups.push({ name: column("side"), facet: "side" });
  if (column("group")) groups.push({ name: column("group") });
  const mapping = {
    title: say("title"), counts, reporter, report, places, figures,
    period: first ? { from: first, to: last } : { to: last },
  };
  if (groups.length) mapping.groups = groups;
  if ($("days").value in DAY_FORMATS) mapping.period.format = DAY_FORMATS[$("days").value];
  return { mapping, errors };
}
