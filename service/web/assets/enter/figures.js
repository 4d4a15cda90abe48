// The figures of a report: adding, removing, and reading their wording while it is typed.

import { copyTemplate, debounce, nextSerial } from "./dom.js";
import { createPicker } from "./picker.js";
import { explainProblem, markField } from "./errors.js";
import { post } from "./api.js";
import { formatOutcomes, formatRange, say } from "./messages.js";

const list = document.querySelector("#figures .figures");

export function figuresInForm() {
  return [...list.children];
}

export function addFigure(onChange) {
  const element = copyTemplate("figure-template", "FIGURE", `figure-${nextSerial()}`);
  list.append(element);
  for (const each of element.querySelectorAll(".picker")) createPicker(each, onChange);
  const words = element.querySelector('[data-at="/wording"]');
  const read = debounce(() => showReading(element, words), 300);
  words.addEventListener("input", read);
  element.querySelector(".outcomes").addEventListener("change", read);
  element.querySelector(".numbers").addEventListener("input", read);
  element.querySelector(".figure-head .remove").addEventListener("click", () => {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    removeFigure(element);
    (next?.querySelector('[data-at="/wording"]') ?? document.getElementById("add")).focus();
    onChange();
  });
  numberFigures();
  return element;
}

export function removeFigure(element) {
  pendingRequests.get(element)?.abort();
  element.remove();
  numberFigures();
}

export function removeAllFigures() {
  for (const each of figuresInForm()) removeFigure(each);
}

function numberFigures() {
  figuresInForm().forEach((element, index) => {
    element.querySelector("h3").textContent = say("figure", { number: index + 1 });
    // The last figure cannot be removed: a report that gives figures has at least one.
    element.querySelector(".figure-head .remove").hidden = list.children.length === 1;
  });
}

// Clearing all errors also cleared the error of the wording, which may still be valid.
export function refreshReading(element) {
  if (!element.querySelector(".reading").textContent) showReading(element);
}

const pendingRequests = new WeakMap();

// Shows how the service reads the wording, or which word it does not understand.
export async function showReading(element, words = element.querySelector('[data-at="/wording"]')) {
  pendingRequests.get(element)?.abort();
  if (!element.isConnected) return; // The figure was removed during the delay.
  const output = document.getElementById(words.dataset.reading);
  const controller = new AbortController();
  pendingRequests.set(element, controller);
  const showText = (text) => {
    if (controller.signal.aborted) return;
    output.classList.remove("fault");
    words.removeAttribute("aria-invalid");
    output.textContent = text;
  };
  const text = words.value.trim();
  if (!text) {
    showText("");
    return;
  }
  const given = (at) => element.querySelector(`[data-at="${at}"]`).value.trim();
  if (["/low", "/high", "/exactly"].some(given)) {
    showText(say("reading.kept"));
    return;
  }
  try {
    const { body } = await post("v1/wording", { text }, { signal: controller.signal });
    showText(describeReading(body, tickedOutcomes(element)));
  } catch (problem) {
    if (controller.signal.aborted) return;
    if (problem.status === 422) markField(words, problem.errors[0]?.detail ?? problem.detail);
    else showText(explainProblem(problem));
  }
}

function tickedOutcomes(element) {
  return [...element.querySelectorAll(".outcomes input:checked")].map((each) => each.value);
}

function describeReading(read, ticked) {
  const range = formatRange(read);
  const outcomes = read.outcomes ?? ticked;
  const sentences = [
    outcomes.length
      ? say("reading", { range, outcomes: formatOutcomes(outcomes) })
      : say("reading.bare", { range }),
  ];
  if (read.soft.length) sentences.push(say("reading.soft"));
  if (read.outcomes && ticked.length && !outcomesAgree(read, ticked)) {
    sentences.push(say("reading.other", { outcomes: formatOutcomes(read.outcomes) }));
  }
  return sentences.join(" ");
}

// A wording without a number may be sent for a subset of its outcomes.
function outcomesAgree({ outcomes, disclosed }, ticked) {
  const within = ticked.every((each) => outcomes.includes(each));
  return within && (!disclosed || ticked.length === outcomes.length);
}
