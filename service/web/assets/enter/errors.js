// Validation errors, shown beside their fields and in a summary.

import { el, openAncestors, toggleDescription } from "./dom.js";
import { readKey } from "./api.js";
import { say } from "./messages.js";

const summary = document.getElementById("summary");

// Returns the element that takes the focus for a field: itself, or the first one in a group.
function focusTargetOf(field) {
  if (!/^(FIELDSET|DIV|LI)$/.test(field.tagName)) return field;
  const inside = field.querySelector("input, select, textarea, button");
  return inside ?? field;
}

function fieldsToMark(field) {
  if (!/^(FIELDSET|DIV|LI)$/.test(field.tagName)) return [field];
  return [...field.querySelectorAll(".combobox input, :scope > .tick input")].slice(0, 4);
}

function nameOf(field) {
  const label = field.id && document.querySelector(`label[for="${CSS.escape(field.id)}"]`);
  const found = label || field.querySelector(":scope > legend, h3");
  // A label such as "From" needs the names of its period and figure.
  const around = field.parentElement.closest("fieldset")?.querySelector(":scope > legend");
  const figure = field.closest(".figure")?.querySelector("h3");
  const names = [figure, around, found].filter(Boolean).map((each) => each.textContent.trim());
  return [...new Set(names)].join(", ");
}

function noteOf(field) {
  return document.getElementById(`${field.id}-fault`);
}

export function markField(field, detail) {
  const output = field.dataset.reading && document.getElementById(field.dataset.reading);
  if (output) {
    // The wording of a figure has its own element for errors.
    output.textContent = detail;
    output.classList.add("fault");
  } else {
    let note = noteOf(field);
    if (!note) {
      note = el("p", { class: "fault", id: `${field.id}-fault` });
      const head = field.querySelector(":scope > .hint, :scope > legend, .figure-head");
      if (head && focusTargetOf(field) !== field) {
        (field.querySelector(":scope > .hint") ?? head).after(note);
      } else field.before(note);
    }
    if (note.textContent.includes(detail)) return;
    note.textContent = note.textContent ? `${note.textContent} ${detail}` : detail;
    toggleDescription(field, note.id, true);
    for (const each of fieldsToMark(field)) toggleDescription(each, note.id, true);
  }
  for (const each of fieldsToMark(field)) each.setAttribute("aria-invalid", "true");
}

export function clearField(field) {
  const output = field.dataset.reading && document.getElementById(field.dataset.reading);
  if (output?.classList.contains("fault")) {
    output.classList.remove("fault");
    output.textContent = "";
  }
  const note = noteOf(field);
  for (const each of [field, ...fieldsToMark(field)]) {
    each.removeAttribute("aria-invalid");
    if (note) toggleDescription(each, note.id, false);
  }
  note?.remove();
}

export function clearAll() {
  summary.replaceChildren();
  for (const field of document.querySelectorAll("[aria-invalid]")) clearField(field);
  for (const note of document.querySelectorAll(".enter .fault[id$='-fault']")) {
    const field = document.getElementById(note.id.slice(0, -"-fault".length));
    if (field) clearField(field);
    note.remove();
  }
}

// Returns the field of the pointer, or the nearest one that contains it.
function fieldOf(pointer, fields) {
  for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
    if (fields.has(at)) return fields.get(at);
  }
  return null;
}

function focusField(field) {
  openAncestors(field);
  const target = focusTargetOf(field);
  target.focus();
  target.scrollIntoView({ block: "center" });
}

// Shows each error at its field and in the summary above the form; the first field gets the focus.
export function showErrors(title, errors, fields) {
  clearAll();
  const list = el("ul");
  const shownDetails = new Set();
  let first = null;
  for (const { pointer, detail: text } of errors) {
    const field = fieldOf(pointer ?? "", fields);
    if (!field) {
      list.append(el("li", {}, text));
      continue;
    }
    // The error of the API refers to the JSON; the form has a checkbox instead.
    const detail = field.dataset.reads === "first" && !field.value ? say("problem.first") : text;
    // Two figures may lack the same value, which the report can give for both.
    if (shownDetails.has(`${field.id} ${detail}`)) continue;
    shownDetails.add(`${field.id} ${detail}`);
    markField(field, detail);
    first ??= field;
    const link = el("a", { href: `#${focusTargetOf(field).id}` }, `${nameOf(field)}: ${detail}`);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      focusField(field);
    });
    list.append(el("li", {}, link));
  }
  summary.replaceChildren(el("h2", {}, title), list);
  if (first) focusField(first);
  else summary.focus();
}

// Returns the error in words.
export function explainProblem({ status, detail, seconds }) {
  if (status === 0) return say("problem.network");
  if (status === 401 && !readKey()) return say("problem.key");
  if ([401, 403, 429, 503].includes(status)) return say(`problem.${status}`, { detail, seconds });
  return say("problem.other", { detail: detail || String(status) });
}
