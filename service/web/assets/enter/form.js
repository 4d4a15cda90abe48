// The content of the form: as the body of a report, and as a draft that can be restored.

import { addFigure, figuresInForm, removeAllFigures, showReading } from "./figures.js";
import { pickerOf } from "./picker.js";

const form = document.getElementById("report");

function setAt(body, pointer, value) {
  const names = pointer.slice(1).split("/");
  const last = names.pop();
  let into = body;
  for (const name of names) into = into[name] ??= {};
  into[last] = value;
}

const READERS = {
  text: (field) => field.value.trim() || undefined,
  // Invalid numbers are sent as they are; the API returns the error.
  number: (field) => {
    const text = field.value.trim();
    if (!text) return undefined;
    return /^\d{1,15}$/.test(text) ? Number(text) : text;
  },
  lines: (field) => {
    const lines = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    return lines.length ? lines : undefined;
  },
  first: (field) => {
    const unstated = field.closest(".period").querySelector(".unstated").checked;
    return unstated ? null : field.value || undefined;
  },
  outcomes: (field) => {
    const ticked = [...field.querySelectorAll("input:checked")].map((each) => each.value);
    return ticked.length ? ticked : undefined;
  },
  stance: (field) => (field.value === "asserts" ? undefined : field.value),
  flag: (field) => field.checked || undefined,
  // "none" is no incident, whatever the report has.
  incident: (field) => {
    const text = field.value.trim();
    return text === "none" ? null : text || undefined;
  },
  // A day of the form keeps the time that a recorded report has.
  moment: (field) => {
    const { moment } = field.dataset;
    return moment?.startsWith(field.value) && field.value ? moment : field.value || undefined;
  },
};

const WRITERS = {
  text: (field, value) => { field.value = value; },
  number: (field, value) => { field.value = value; },
  lines: (field, value) => { field.value = value.join("\n"); },
  first: (field, value) => {
    if (value === null) field.closest(".period").querySelector(".unstated").checked = true;
    else field.value = value;
  },
  outcomes: (field, value) => {
    for (const box of field.querySelectorAll("input")) box.checked = value.includes(box.value);
  },
  stance: (field, value) => { field.value = value; },
  flag: (field, value) => { field.checked = value; },
  incident: (field, value) => { field.value = value ?? "none"; },
  moment: (field, value) => {
    field.dataset.moment = value;
    field.value = value.slice(0, 10);
  },
};

function getAt(body, pointer) {
  return pointer.slice(1).split("/").reduce((value, name) => value?.[name], body);
}

// Returns the fields of the scope, without those of figures and pickers inside it.
function fieldsOf(scope) {
  return [...scope.querySelectorAll("[data-at]")].filter((field) => {
    const holder = field.parentElement.closest(".figure, .picker");
    return (holder === null || holder === scope) && field.id !== "figures";
  });
}

// Whether the field of a figure is empty, so that the value of the report applies.
function isBlank(field) {
  if (field.dataset.picks) return !pickerOf(field).items.length;
  if (!field.classList.contains("period")) return false;
  const fields = [...field.querySelectorAll("input")];
  return !fields.some((each) => (each.type === "checkbox" ? each.checked : each.value));
}

function collectInto(body, scope, prefix, fields) {
  for (const field of fieldsOf(scope)) {
    const pointer = prefix + field.dataset.at;
    // An error about an empty field of a figure is shown at the field of the report.
    const isOwn = scope === form || !isBlank(field);
    fields.set(pointer, isOwn ? field : (fields.get(field.dataset.at) ?? field));
    let value;
    if (field.dataset.picks) value = pickerOf(field).collect(pointer, isOwn ? fields : new Map());
    else if (field.dataset.reads) value = READERS[field.dataset.reads](field);
    if (value !== undefined) setAt(body, field.dataset.at, value);
  }
}

export function hasFigures() {
  return document.getElementById("stance").value === "asserts";
}

// Returns the body of the report, and the field for each JSON pointer of an error.
export function collectReport() {
  const body = {};
  const fields = new Map();
  collectInto(body, form, "", fields);
  fields.set("/figures", document.getElementById("figures"));
  if (hasFigures()) {
    body.figures = figuresInForm().map((element, index) => {
      const figure = {};
      fields.set(`/figures/${index}`, element);
      collectInto(figure, element, `/figures/${index}`, fields);
      return figure;
    });
  }
  return { body, fields };
}

function nameOf(field, scope) {
  return scope === form ? field.id : field.id.slice(scope.querySelector("h3").id.length - "title".length);
}

function stateOf(scope) {
  const values = {};
  const picked = {};
  for (const field of scope.querySelectorAll("input, select, textarea")) {
    const holder = field.closest(".figure, .picker");
    if ((holder !== null && holder !== scope) || !field.id) continue;
    values[nameOf(field, scope)] = field.type === "checkbox" ? field.checked : field.value;
  }
  for (const field of fieldsOf(scope)) {
    if (field.dataset.picks) picked[nameOf(field, scope)] = pickerOf(field).state;
  }
  return { values, picked };
}

function restoreState(scope, { values, picked }) {
  for (const field of scope.querySelectorAll("input, select, textarea")) {
    const value = values[nameOf(field, scope)];
    if (value === undefined) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
  for (const field of fieldsOf(scope)) {
    if (field.dataset.picks) pickerOf(field).state = picked[nameOf(field, scope)] ?? [];
  }
  openFilled(scope);
}

function openFilled(scope) {
  for (const details of scope.querySelectorAll("details")) {
    const filled = [...details.querySelectorAll("input, textarea, select")].some((each) =>
      each.type === "checkbox" ? each.checked : each.value,
    );
    if (filled || details.querySelector(".picked > li")) details.open = true;
  }
}

export function captureDraft() {
  return { report: stateOf(form), figures: figuresInForm().map(stateOf) };
}

export function restoreDraft({ report, figures: figureStates }, onChange) {
  restoreState(form, report);
  removeAllFigures();
  for (const each of figureStates) {
    const element = addFigure(onChange);
    restoreState(element, each);
    showReading(element);
  }
}

function fillScope(scope, body, names) {
  for (const field of fieldsOf(scope)) {
    const { at, picks, reads } = field.dataset;
    const value = getAt(body, at);
    if (value === undefined) continue;
    if (picks) pickerOf(field).state = [value].flat().map((id) => ({ id, ...names[picks][id] }));
    else if (reads) WRITERS[reads](field, value);
  }
  openFilled(scope);
}

// Fills the empty form with a report as it is sent; `names` describes its entities by kind and id.
export function fillForm({ body, names }, onChange) {
  fillScope(form, body, names);
  if (!body.figures) return;
  removeAllFigures();
  for (const figure of body.figures) {
    const element = addFigure(onChange);
    fillScope(element, figure, names);
    showReading(element);
  }
}

export function emptyForm(onChange) {
  form.reset();
  for (const field of fieldsOf(form)) {
    if (field.dataset.picks) pickerOf(field).reset();
  }
  removeAllFigures();
  addFigure(onChange);
  for (const details of form.querySelectorAll("details")) details.open = false;
}
