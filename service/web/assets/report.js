// What can be done with a recorded report: withdraw it, or record that it repeats another one.

import { ProblemError, idempotencyKeyFor, post, readKey } from "./enter/api.js";
import { explainProblem } from "./enter/errors.js";
import { say } from "./enter/messages.js";
import { loadItem, saveItem } from "./enter/storage.js";

const $ = (id) => document.getElementById(id);
const actions = $("acting");
const { report, suggest, page } = actions.dataset;
const folds = [...actions.querySelectorAll("details")];
const keyRow = $("key-row");
const keyField = $("key");

let busy = false;
let chosen = null;

function showFault(form, text, field = null) {
  form.querySelector(".fault").textContent = text;
  field?.focus();
}

// Sends one request at a time, then opens the page of the report that it changed.
async function sendOnce(form, address, body, attempt) {
  if (busy) return;
  showFault(form, "");
  if (!readKey()) {
    keyRow.hidden = false;
    showFault(form, say("key"), keyField);
    return;
  }
  busy = true;
  $("done").textContent = say("sending");
  const content = JSON.stringify(body);
  try {
    const answer = await post(address, content, {
      headers: { "Idempotency-Key": idempotencyKeyFor(`${address} ${content}`, attempt) },
    });
    saveItem(attempt, null);
    openReport(answer.body.id);
  } catch (problem) {
    busy = false;
    $("done").textContent = "";
    if (!(problem instanceof ProblemError)) throw problem;
    const isKeyRefused = [401, 403].includes(problem.status);
    if (isKeyRefused) keyRow.hidden = false;
    showFault(form, explainProblem(problem), isKeyRefused ? keyField : null);
  }
}

function openReport(id) {
  saveItem("changed", true);
  location.assign(new URL(`${page}${encodeURIComponent(id)}`, document.baseURI));
}

for (const fold of folds) {
  fold.addEventListener("toggle", () => {
    if (!fold.open) return;
    for (const other of folds) if (other !== fold) other.open = false;
    keyRow.hidden = Boolean(readKey());
    fold.querySelector(".fault").before(keyRow);
    fold.querySelector("input").focus();
  });
  fold.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    fold.open = false;
    fold.querySelector("summary").focus();
  });
}

keyField.addEventListener("input", () => saveItem("key", readKey() || null));

$("withdraw").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = $("reason").value.trim();
  if (!reason) showFault(event.target, say("reason"), $("reason"));
  else sendOnce(event.target, `v1/reports/${report}/retraction`, { reason }, "attempt.retraction");
});

$("repeats").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = event.target.querySelector("input");
  if (!chosen) showFault(event.target, say("choose"), input);
  else {
    const body = JSON.parse($("body").textContent);
    sendOnce(event.target, "v1/reports", { ...body, relays: chosen.id }, "attempt.relay");
  }
});

const escaper = document.createElement("span");

// The library inserts options as HTML, and a report may contain any text.
function renderOption(option) {
  escaper.textContent = option.name;
  const name = escaper.innerHTML;
  escaper.textContent = option.about;
  return `<span class="option-name">${name}</span> <span class="option-about">${escaper.innerHTML}</span>`;
}

window.createCombobox({
  container: $("repeats").querySelector(".combobox"),
  id: "repeated",
  name: "",
  showNoOptionsFound: true,
  displayMenu: "inline",
  tNoResults: () => say("find.none"),
  tStatusQueryTooShort: () => say("find.short"),
  tStatusNoResults: () => say("find.none"),
  tStatusResults: (count) => say("find.results", { count }),
  tAssistiveHint: () => say("find.hint"),
  templates: { inputValue: (option) => option?.id ?? "", suggestion: renderOption },
  describedBy: () => ["repeated-hint"],
  find: async (typed, signal) => {
    const address = new URL(suggest, document.baseURI);
    address.searchParams.set("words", typed.trim());
    address.searchParams.set("but", report);
    const answer = await fetch(address, { signal });
    return answer.ok ? (await answer.json()).found : [];
  },
  onConfirm: (option) => {
    if (!option) return;
    chosen = option;
    $("repeats").querySelector(".chosen-report").textContent = say("chosen", {
      name: `${option.about}: ${option.name}`,
    });
  },
});

$("plain").hidden = true;
actions.hidden = false;
keyField.value = loadItem("key") ?? "";
