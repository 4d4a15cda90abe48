// The form for a table: a file is read, its columns get a meaning, its rows are previewed and sent.

import { idempotencyKeyFor, post, readKey } from "./enter/api.js";
import { debounce, el } from "./enter/dom.js";
import { clearAll, clearField } from "./enter/errors.js";
import { say } from "./enter/messages.js";
import { createPicker, pickerOf } from "./enter/picker.js";
import { createRunner, showMistakes, showNotice } from "./enter/requests.js";
import { loadItem, saveItem } from "./enter/storage.js";
import { readMapping, showColumns, showConstants } from "./table/columns.js";
import { renderPreview, renderSent } from "./table/preview.js";

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const runOnce = createRunner([$("preview-button"), $("send"), $("withdraw")]);
const runReading = createRunner([], { isOverlapping: true });

const MAX_BYTES = 700_000;
const SAMPLE_ROWS = 5;

let chosen = null; // The file as the service takes it: its name, and its text or its bytes.
let isUnread = false; // The table could not be read, perhaps for want of a valid key.
let choice = 0; // How often a table was chosen: answers about an earlier one are not shown.
let previewed = null; // The answer whose preview is on the page.
let importId = null; // The import that was sent last.

function fieldsByPointer() {
  return new Map([
    ["/content", $("file").files.length ? $("file") : $("content")], ["/file", $("file")],
    ["/encoding", $("encoding")], ["/days", $("days")], ["/mapping/period", $("days")], ["/map", $("map")], ["/columns", $("columns")],
    ["/reporter", $("reporter")], ["/place", $("place")], ["/mapping", $("columns")],
    ["/reason", $("reason")], ["/mapping/reporter", $("reporter")], ["/mapping/counts", $("counts")],
  ]);
}

function showOwnErrors(errors) {
  showMistakes(errors, fieldsByPointer());
}

function run(messageKey, job) {
  return runOnce(say(messageKey), job, fieldsByPointer());
}

// The file ----------------------------------------------------------------------------------

function encodeBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

// Returns the text of the bytes; null if they are not in this encoding.
function decodeText(bytes, encoding) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

async function readFile(file) {
  if (file.size > MAX_BYTES) return { error: { pointer: "/file", detail: say("large") } };
  if (/\.(xls|ods)$/i.test(file.name)) return { error: { pointer: "/file", detail: say("old_format") } };
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.xlsx$/i.test(file.name)) return { file: file.name, content_base64: encodeBase64(bytes) };
  const content = decodeText(bytes, $("encoding").value || "utf-8");
  if (content !== null) return { file: file.name, content };
  const tried = $("encoding").value;
  $("encoding-field").hidden = false;
  return { error: { pointer: "/encoding", detail: say(tried ? "encoding.other" : "encoding") } };
}

async function readChoice() {
  const [file] = $("file").files;
  const content = $("content").value;
  if (file) return readFile(file);
  if (!content.trim()) return null;
  if (content.length > MAX_BYTES) return { error: { pointer: "/content", detail: say("large") } };
  return { file: "table.csv", content };
}

async function chooseTable() {
  choice += 1;
  const turn = choice;
  chosen = null;
  isUnread = false;
  hideLaterParts();
  const read = await readChoice();
  if (!read || turn !== choice) return;
  if (read.error) {
    clearAll();
    showOwnErrors([read.error]);
    return;
  }
  const readTable = async () => {
    const { body } = await ignoreIfOld(turn, post("v1/imports/preview", read));
    if (turn !== choice) return;
    chosen = read;
    showSample(body);
    $("table-name").value = read.file.replace(/\.[^.]*$/, "");
    showColumns(body.columns, body.rows.map((row) => row.cells));
    for (const option of $("map").options) option.disabled = option.value !== "" && !body.maps.includes(option.value);
    $("map").value = body.maps[0] ?? "";
    showMapping();
    $("mapping").hidden = false;
  };
  const succeeded = await runReading(say("reading.table"), readTable, fieldsByPointer());
  if (turn === choice) isUnread = !succeeded;
}

// Waits for the answer about a table; if another one was chosen meanwhile, its problem is none.
async function ignoreIfOld(turn, request) {
  try {
    return await request;
  } catch (problem) {
    if (turn === choice) throw problem;
    return {};
  }
}

function showSample({ columns, rows }) {
  const head = columns.map((name) => el("th", { scope: "col" }, name));
  const body = rows
    .slice(0, SAMPLE_ROWS)
    .map((row) => el("tr", {}, ...row.cells.map((cell) => el("td", {}, cell))));
  $("sample-title").textContent = say("sample", { count: rows.length });
  $("sample-table").replaceChildren(el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
  $("sample").hidden = false;
}

function hideLaterParts() {
  for (const id of ["sample", "mapping", "preview", "sent"]) $(id).hidden = true;
  previewed = null;
}

// The mapping -------------------------------------------------------------------------------

function showMapping() {
  $("own-mapping").hidden = $("map").value !== "";
  showConstants();
}

// Hides the button to send where the preview is of another mapping.
function markStale() {
  const isStale = previewed !== null && JSON.stringify(makeRequest().request) !== previewed.request;
  $("stale").textContent = isStale ? say("preview.stale") : "";
  $("send").hidden = isStale || $("send").textContent === "";
}

function makeRequest() {
  if ($("map").value) return { request: { ...chosen, map: $("map").value }, errors: [] };
  const { mapping, errors } = readMapping();
  return { request: { ...chosen, mapping }, errors };
}

async function previewTable() {
  const { request, errors } = makeRequest();
  if (errors.length) {
    showOwnErrors(errors);
    return;
  }
  const turn = choice;
  const sent = JSON.stringify(request);
  await run("previewing", async () => {
    const { body } = await ignoreIfOld(turn, post("v1/imports/preview", sent));
    if (turn !== choice) return;
    previewed = { ...body, file: chosen.file, request: sent };
    $("preview-content").replaceChildren(...renderPreview(body));
    const count = body.counts.added + body.counts.revised + body.retractions.length;
    $("send").textContent = count ? say("send", { count: body.counts.added + body.counts.revised }) : "";
    $("preview").hidden = false;
    markStale();
    focusTitle($("preview-title"));
  });
}

function focusTitle(title) {
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "start" });
}

// Sending -----------------------------------------------------------------------------------

function countEnds(results, counts) {
  const found = { added: 0, revised: 0, known: 0, refused: counts.refused, skipped: counts.skipped };
  for (const { status, supersedes } of results) {
    if (status === 201) found[supersedes ? "revised" : "added"] += 1;
    else if (status === 200) found.known += 1;
    else found.refused += 1;
  }
  return found;
}

async function startImport({ file, file_sha256, mapping, mapping_sha256 }) {
  const { body } = await post("v1/imports", { file, file_sha256, mapping, mapping_sha256 });
  return body.id;
}

// Retracts the running totals that later ones correct; returns how many were not retracted before.
async function retractCorrected(retractions, ids) {
  let count = 0;
  for (const { ref, reason } of retractions) {
    if (!ids.get(ref)) continue;
    try {
      await post(`v1/reports/${encodeURIComponent(ids.get(ref))}/retraction`, { reason });
      count += 1;
    } catch (problem) {
      if (problem.status !== 409) throw problem;
    }
  }
  return count;
}

// Sends the reports as one batch, in the order of the preview.
async function sendTable() {
  const table = previewed;
  const rows = table.rows.filter((row) => row.report);
  importId = await startImport(table);
  const content = JSON.stringify({ reports: rows.map((row) => row.report) });
  const address = `v1/reports/batch?known=supersede&import=${importId}&rows=${table.rows.length}`;
  const { body } = await post(address, content, {
    headers: { "Idempotency-Key": idempotencyKeyFor(`${importId} ${content}`, "table") },
  });
  const ids = new Map(body.results.map(({ id }, at) => [rows[at].report.ref, id]));
  const retracted = await retractCorrected(table.retractions, ids);
  const counts = countEnds(body.results, table.counts);
  await post(`v1/imports/${importId}/completion`, { ...counts, retracted });
  saveItem("table", null);
  showSent(table, body.results, counts, rows);
}

function showSent(table, results, counts, rows) {
  const refused = results
    .map(({ problem }, at) => problem && { line: rows[at].line, detail: problem.errors?.[0]?.detail ?? problem.detail })
    .filter(Boolean);
  const places = [...new Map((table.totals ?? []).map((each) => [each.place, each])).values()];
  $("sent-content").replaceChildren(...renderSent({ counts, importId, refused, places }, main.dataset.root));
  $("sent-title").textContent = say("sent.title");
  $("table-form").hidden = true;
  $("preview").hidden = true;
  previewed = null;
  $("withdrawal").hidden = !results.some(({ status }) => status === 201);
  $("withdrawal").open = false;
  $("reason").value = "";
  $("sent").hidden = false;
  focusTitle($("sent-title"));
}

// Each request retracts a part of the reports.
async function withdrawTable() {
  const address = `v1/imports/${importId}/withdrawal`;
  const reason = $("reason").value.trim();
  let left = 1;
  while (left) ({ body: { live_reports: left } } = await post(address, { reason }));
  $("withdrawal").hidden = true;
  $("sent-title").textContent = say("withdrawn");
  $("sent-content").replaceChildren();
  focusTitle($("sent-title"));
}

function resetPage() {
  clearAll();
  $("table-form").reset();
  $("key").value = loadItem("key") ?? "";
  $("encoding-field").hidden = true;
  for (const each of document.querySelectorAll("#constants .picker")) pickerOf(each).reset();
  choice += 1;
  chosen = null;
  hideLaterParts();
  $("table-form").hidden = false;
  $("file").focus();
}

function setUp() {
  main.classList.add("with-script");
  $("plain").hidden = true;
  $("entering").hidden = false;
  for (const each of document.querySelectorAll("#constants .picker")) createPicker(each, markStale);
  $("key").value = loadItem("key") ?? "";
}

// Reads a table that waited for the key.
const readWithKey = debounce(() => {
  if (isUnread && readKey()) chooseTable();
}, 400);

$("key").addEventListener("input", () => {
  clearField($("key"));
  saveItem("key", readKey() || null);
  readWithKey();
});
$("forget").addEventListener("click", () => {
  $("key").value = "";
  saveItem("key", null);
  showNotice(say("forgotten"));
  $("key").focus();
});
$("file").addEventListener("change", () => {
  $("content").value = "";
  $("encoding").value = "";
  $("encoding-field").hidden = true;
  chooseTable();
});
$("encoding").addEventListener("change", chooseTable);
$("content").addEventListener("input", debounce(() => {
  $("file").value = "";
  chooseTable();
}, 400));
$("map").addEventListener("change", showMapping);
for (const id of ["own-mapping", "map"]) {
  $(id).addEventListener("change", () => {
    showConstants();
    markStale();
  });
  $(id).addEventListener("input", markStale);
}
$("table-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen) previewTable();
});
$("send").addEventListener("click", () => run("sending", sendTable));
$("withdraw").addEventListener("click", () => {
  if ($("reason").value.trim()) run("withdrawing", withdrawTable);
  else showOwnErrors([{ pointer: "/reason", detail: say("need.reason") }]);
});
$("back").addEventListener("click", () => {
  $("map").focus();
  $("mapping").scrollIntoView({ block: "start" });
});
$("another").addEventListener("click", resetPage);
window.addEventListener("beforeunload", (event) => {
  if (previewed) event.preventDefault();
});

setUp();
