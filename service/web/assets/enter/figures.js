// The figures of a report: added and removed, and their words read while they are typed.

import { copy, debounced, serial } from "./dom.js";
import { begin } from "./picker.js";
import { explained, mark } from "./errors.js";
import { post } from "./api.js";
import { outcomesInWords, rangeInWords, say } from "./messages.js";

const list = document.querySelector("#figures .figures");

export function figures() {
  return [...list.children];
}

export function add(changed) {
  const element = copy("figure-template", "FIGURE", `figure-${serial()}`);
  list.append(element);
  for (const each of element.querySelectorAll(".picker")) begin(each, changed);
  const words = element.querySelector('[data-at="/wording"]');
  const read = debounced(() => reading(element, words), 300);
  words.addEventListener("input", read);
  element.querySelector(".outcomes").addEventListener("change", read);
  element.querySelector(".numbers").addEventListener("input", read);
  element.querySelector(".figure-head .remove").addEventListener("click", () => {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    remove(element);
    (next?.querySelector('[data-at="/wording"]') ?? document.getElementById("add")).focus();
    changed();
  });
  number();
  return element;
}

export function remove(element) {
  asked.get(element)?.abort();
  element.remove();
  number();
}

export function removeAll() {
  for (const each of figures()) remove(each);
}

function number() {
  figures().forEach((element, index) => {
    element.querySelector("h3").textContent = say("figure", { number: index + 1 });
    // A single figure stays: a report that gives figures has one.
    element.querySelector(".figure-head .remove").hidden = list.children.length === 1;
  });
}

// What was said of the words went away with all other faults, and may still hold.
export function readAgain(element) {
  if (!element.querySelector(".reading").textContent) reading(element);
}

const asked = new WeakMap();

// Shows how the service reads the words, or which of them it does not understand.
export async function reading(element, words = element.querySelector('[data-at="/wording"]')) {
  asked.get(element)?.abort();
  if (!element.isConnected) return; // It was removed while one waited for more letters.
  const said = document.getElementById(words.dataset.said);
  const asking = new AbortController();
  asked.set(element, asking);
  const tell = (text) => {
    if (asking.signal.aborted) return;
    said.classList.remove("fault");
    words.removeAttribute("aria-invalid");
    said.textContent = text;
  };
  const text = words.value.trim();
  if (!text) {
    tell("");
    return;
  }
  const given = (at) => element.querySelector(`[data-at="${at}"]`).value.trim();
  if (["/low", "/high", "/exactly"].some(given)) {
    tell(say("reading.kept"));
    return;
  }
  try {
    const { body } = await post("v1/wording", { text }, { signal: asking.signal });
    tell(inWords(body, ticked(element)));
  } catch (problem) {
    if (asking.signal.aborted) return;
    if (problem.status === 422) mark(words, problem.errors[0]?.detail ?? problem.detail);
    else tell(explained(problem));
  }
}

function ticked(element) {
  return [...element.querySelectorAll(".outcomes input:checked")].map((each) => each.value);
}

function inWords(read, ticked) {
  const range = rangeInWords(read);
  const outcomes = read.outcomes ?? ticked;
  const said = [
    outcomes.length
      ? say("reading", { range, outcomes: outcomesInWords(outcomes) })
      : say("reading.bare", { range }),
  ];
  if (read.soft.length) said.push(say("reading.soft"));
  if (read.outcomes && ticked.length && !agree(read, ticked)) {
    said.push(say("reading.other", { outcomes: outcomesInWords(read.outcomes) }));
  }
  return said.join(" ");
}

// Words without a number may be sent for some of those that they stand for.
function agree({ outcomes, disclosed }, ticked) {
  const within = ticked.every((each) => outcomes.includes(each));
  return within && (!disclosed || ticked.length === outcomes.length);
}
