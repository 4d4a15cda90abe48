// The report form: its buttons, and the draft that is stored until the report is sent.

import { debounce } from "./enter/dom.js";
import { addFigure, figuresInForm, refreshReading } from "./enter/figures.js";
import { captureDraft, collectReport, emptyForm, fillForm, hasFigures, restoreDraft } from "./enter/form.js";
import { createPicker, pickerOf } from "./enter/picker.js";
import { renderPreview, renderRecorded } from "./enter/preview.js";
import { readQuote } from "./enter/quote.js";
import { createRunner, showNotice } from "./enter/requests.js";
import { el } from "./enter/dom.js";
import { clearAll, clearField, explainProblem } from "./enter/errors.js";
import { idempotencyKeyFor, post, readKey } from "./enter/api.js";
import { loadItem, saveItem } from "./enter/storage.js";
import { say } from "./enter/messages.js";

const $ = (id) => document.getElementById(id);
const form = $("report");
const keyField = $("key");
const runOnce = createRunner([$("preview-button"), $("send")]);

// The recorded report that this one corrects, as it would be sent again; null for a new report.
const corrected = JSON.parse($("corrected").textContent);
const draftName = corrected ? `draft.${corrected.body.supersedes}` : "draft";

let blankContent = "";
let previewedContent = null; // The content that the preview on the page shows.
let isReading = false; // The words of the statement.

function serializeForm() {
  return JSON.stringify(collectReport().body);
}

function isDirty() {
  return !form.hidden && serializeForm() !== blankContent;
}

function saveDraft() {
  if (!form.hidden) saveItem(draftName, isDirty() ? captureDraft() : null);
}

const saveDraftSoon = debounce(saveDraft, 250);

function handleChange() {
  saveDraftSoon();
  const stale = previewedContent !== null && serializeForm() !== previewedContent;
  $("stale").textContent = stale ? say("preview.stale") : "";
}

// Runs the request for a preview or for sending.
async function submit(messageKey, job) {
  const { body, fields } = collectReport();
  const succeeded = await runOnce(say(messageKey), () => job(JSON.stringify(body)), fields);
  if (!succeeded) for (const each of figuresInForm()) refreshReading(each);
}

// The names of the places and groups in the form, by id.
function collectNames() {
  const picked = [...form.querySelectorAll(".picker")].flatMap((each) => pickerOf(each).items);
  return Object.fromEntries(picked.map(({ id, name }) => [id, name]));
}

function focusTitle(title) {
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "start" });
}

async function previewReport(content) {
  const { body } = await post("v1/reports/preview", content);
  previewedContent = content;
  $("preview-content").replaceChildren(...renderPreview({ ...body, names: collectNames() }));
  $("stale").textContent = "";
  $("preview").hidden = false;
  $("preview-actions").prepend($("send")); // It is the next stop after the title.
  focusTitle($("preview-title"));
}

async function sendReport(content) {
  const { body, status, isReplay } = await post("v1/reports", content, {
    headers: { "Idempotency-Key": idempotencyKeyFor(content) },
  });
  saveItem(draftName, null);
  saveItem("attempt", null);
  form.hidden = true;
  $("preview").hidden = true;
  $("sent-content").replaceChildren(...renderRecorded(body, isReplay || status === 200));
  $("sent").hidden = false;
  focusTitle($("sent-title"));
}

function resetPage() {
  clearAll();
  emptyForm(handleChange);
  if (corrected) fillForm(corrected, handleChange);
  saveItem(draftName, null);
  saveItem("attempt", null);
  previewedContent = null;
  $("quote-reading").replaceChildren();
  $("preview").hidden = true;
  $("preview-button").after($("send"));
  $("sent").hidden = true;
  form.hidden = false;
  updateFiguresVisibility();
}

function isBlankFigure(element) {
  const inputs = [...element.querySelectorAll('[data-reads="text"], [data-reads="number"]')];
  return inputs.every((input) => !input.value.trim());
}

// Adds a figure for each that the quote names, and says what could not be read.
async function readFigures() {
  const output = $("quote-reading");
  const quote = $("quote").value.trim();
  if (isReading) return;
  if (!quote) {
    output.replaceChildren(el("p", { class: "fine" }, say("quote.empty")));
    $("quote").focus();
    return;
  }
  isReading = true;
  output.replaceChildren(el("p", { class: "fine" }, say("quote.reading")));
  try {
    const { figures, unread } = await readQuote(quote);
    const known = figuresInForm().map((each) => each.querySelector('[data-at="/wording"]').value.trim());
    for (const { wording } of figures.filter((each) => !known.includes(each.wording))) {
      const element = figuresInForm().find(isBlankFigure) ?? addFigure(handleChange);
      const words = element.querySelector('[data-at="/wording"]');
      words.value = wording;
      words.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const people = [...new Set(figures.flatMap((each) => each.people))];
    output.replaceChildren(
      el("p", {}, figures.length ? say("quote.read", { count: figures.length }) : say("quote.none")),
      ...(people.length ? [el("p", {}, say("quote.people", { words: people.join(", ") }))] : []),
      ...(unread.length
        ? [el("p", {}, say("quote.unread")), el("ul", {}, ...unread.map((each) => el("li", {}, el("q", {}, each))))]
        : []),
    );
  } catch (problem) {
    output.replaceChildren(el("p", { class: "fault" }, explainProblem(problem)));
  } finally {
    isReading = false;
  }
}

function updateFiguresVisibility() {
  $("figures").hidden = !hasFigures();
}

function setUp() {
  document.querySelector(".enter").classList.add("with-script");
  $("plain").hidden = true;
  $("entering").hidden = false;
  for (const each of form.querySelectorAll(".picker")) createPicker(each, handleChange);
  addFigure(handleChange);
  if (corrected) fillForm(corrected, handleChange);
  blankContent = serializeForm();
  keyField.value = loadItem("key") ?? "";
  const savedDraft = loadItem(draftName);
  if (savedDraft) {
    restoreDraft(savedDraft, handleChange);
    showNotice(say("draft"));
  }
  updateFiguresVisibility();
}

keyField.addEventListener("input", () => {
  clearField(keyField);
  saveItem("key", readKey() || null);
});
$("forget").addEventListener("click", () => {
  keyField.value = "";
  saveItem("key", null);
  showNotice(say("forgotten"));
  keyField.focus();
});
form.addEventListener("input", (event) => {
  const field = event.target.closest("[data-at]");
  if (field && !field.dataset.reading) clearField(field);
  handleChange();
});
form.addEventListener("change", handleChange);
$("stance").addEventListener("change", updateFiguresVisibility);
$("add").addEventListener("click", () => {
  addFigure(handleChange).querySelector("input").focus();
  handleChange();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit("previewing", previewReport);
});
$("send").addEventListener("click", () => submit("sending", sendReport));
$("clear").addEventListener("click", () => {
  if (isDirty() && !window.confirm(say("leave"))) return;
  resetPage();
  showNotice(say("cleared"));
  $("reporter-find").focus();
});
$("read-quote").addEventListener("click", () => readFigures());
$("back").addEventListener("click", () => {
  const first = figuresInForm()[0]?.querySelector('[data-at="/wording"]') ?? $("stance");
  first.focus();
  first.scrollIntoView({ block: "center" });
});
$("another").addEventListener("click", () => {
  if (corrected) {
    location.href = "enter";
    return;
  }
  resetPage();
  $("reporter-find").focus();
});
window.addEventListener("beforeunload", (event) => {
  if (isDirty()) event.preventDefault();
});
window.addEventListener("pagehide", saveDraft);

setUp();
