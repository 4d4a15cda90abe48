// The form for a table: a file is read, its columns get a meaning, its rows are previewed and sent.

import { idempotencyKeyFor, post, readKey } from "./enter/api.js";
import { debounce, el } from "./enter/dom.js";
import { clearAll, clearField } from "./enter/errors.js";
import { say } from "./enter/messages.js";
import { createPicker } from "./enter/picker.js";
import { createRunner, showMistakes, showNotice } from "./enter/requests.js";
import { loadItem, saveItem } from "./enter/storage.js";
import { readMapping, showColumns, showConstants } from "./table/columns.js";
import { renderPreview, renderSent } from "./table/preview.js";

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const runOnce = createRunner([$("preview-button"), $("send"), $("withdraw")]);

const MAX_BYTES = 700_000;
const SAMPLE_ROWS = 5;

let chosen = null; // The file as the service takes it: its name, and its text or its bytes.
let previewed = null; // The answer whose preview is on the page.
let importId = null; // The import that was sent last.

function fieldsByPointer() {
  return new Map([
    ["/content", $("file").files.length ? $("file") : $("content")], ["/file", $("file")],
    ["/encoding", $("encoding")], ["/map", $("map")], ["/columns", $("columns")],
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
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.xlsx$/i.test(file.name)) return { file: file.name, content_base64: encodeBase64(bytes) };
  const content = decodeText(bytes, $("encoding").value || "utf-8");
  if (content !== null) return { file: file.name, content };
  $("encoding-field").hidden = false;
  return { error: { pointer: "/encoding", detail: say("encoding") } };
}

async function chooseTable() {
  const [file] = $("file").files;
  const typed = $("content").value;
  chosen = null;
  hideLaterParts();
  if (!file && !typed.trim()) return;
  const read = file ? await readFile(file) : { file: "table.csv", content: typed };
  if (read.error) {
    clearAll();
    showOwnErrors([read.error]);
    return;
  }
  await run("reading.table", async () => {
    const { body } = await post("v1/imports/preview", read);
    chosen = read;
    showSample(body);
    showColumns(body.columns, body.rows.slice(0, 50).map((row) => row.cells));
    for (const option of $("map").options) option.disabled = option.value !== "" && !body.maps.includes(option.value);
    $("map").value = body.maps[0] ?? "";
    showMapping();
    $("mapping").hidden = false;
  });
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

function markStale() {
  $("stale").textContent = previewed && !$("preview").hidden ? say("preview.stale") : "";
  $("send").hidden = $("stale").textContent !== "";
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
  await run("previewing", async () => {
    const { body } = await post("v1/imports/preview", request);
    previewed = body;
    $("preview-content").replaceChildren(...renderPreview(body));
    $("stale").textContent = "";
    const count = body.rows.filter((row) => row.report).length;
    $("send").textContent = say("send", { count });
    $("send").hidden = count === 0;
    $("preview").hidden = false;
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

async function startImport() {
  const { file_sha256, mapping, mapping_sha256 } = previewed;
  const file = chosen.file;
  const { body } = await post("v1/imports", { file, file_sha256, mapping, mapping_sha256 });
  return body.id;
}

// Sends the reports as one batch, then retracts what later running totals correct.
async function sendTable() {
  const rows = previewed.rows.filter((row) => row.report);
  importId = await startImport();
  const content = JSON.stringify({ reports: rows.map((row) => row.report) });
  const address = `v1/reports/batch?known=supersede&import=${importId}&rows=${previewed.rows.length}`;
  const { body } = await post(address, content, {
    headers: { "Idempotency-Key": idempotencyKeyFor(`${importId} ${content}`, "table") },
  });
  const ids = new Map(body.results.map(({ id }, at) => [rows[at].report.ref, id]));
  let retracted = 0;
  for (const { ref, reason } of previewed.retractions) {
    if (!ids.get(ref)) continue;
    await post(`v1/reports/${encodeURIComponent(ids.get(ref))}/retraction`, { reason }).catch(ignoreConflict);
    retracted += 1;
  }
  const counts = countEnds(body.results, previewed.counts);
  await post(`v1/imports/${importId}/completion`, { ...counts, retracted });
  const refused = body.results
    .map(({ problem }, at) => problem && { line: rows[at].line, detail: problem.errors?.[0]?.detail ?? problem.detail })
    .filter(Boolean);
  const places = new Map((previewed.totals ?? []).map((each) => [each.place, each]));
  saveItem("table", null);
  $("sent-content").replaceChildren(
    ...renderSent({ counts, importId, refused, places: [...places.values()] }, main.dataset.root),
  );
  $("table-form").hidden = true;
  $("preview").hidden = true;
  previewed = null;
  $("withdrawal").hidden = !body.results.some(({ status }) => status === 201);
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
  $("sent-content").replaceChildren(el("p", { role: "status" }, say("withdrawn")));
  focusTitle($("sent-title"));
}

// A report that is retracted already stays so.
function ignoreConflict(problem) {
  if (problem.status !== 409) throw problem;
}

function resetPage() {
  clearAll();
  $("table-form").reset();
  $("key").value = loadItem("key") ?? "";
  $("encoding-field").hidden = true;
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

$("key").addEventListener("input", () => {
  clearField($("key"));
  saveItem("key", readKey() || null);
});
$("forget").addEventListener("click", () => {
  $("key").value = "";
  saveItem("key", null);
  showNotice(say("forgotten"));
  $("key").focus();
});
$("file").addEventListener("change", () => {
  $("content").value = "";
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
