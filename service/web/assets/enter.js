// The form by which one report is entered: what its buttons do, and what is kept until it is sent.

import { debounced } from "./enter/dom.js";
import { add, figures, readAgain } from "./enter/figures.js";
import { collect, draft, empty, givesFigures, restore } from "./enter/form.js";
import { begin, forgetLookedUp, pickerOf } from "./enter/picker.js";
import { previewed, recorded } from "./enter/preview.js";
import { clear, clearAll, explained, show } from "./enter/errors.js";
import { Problem, attempt, key, post } from "./enter/api.js";
import { remember, remembered } from "./enter/storage.js";
import { say } from "./enter/messages.js";

const $ = (id) => document.getElementById(id);
const form = $("report");
const keyField = $("key");
const buttons = [$("preview-button"), $("send")];

let blank = "";
let tried = null; // What the preview on the page is of.
let busy = false;

function notice(text) {
  $("notice").textContent = text;
}

function content() {
  return JSON.stringify(collect().body);
}

function isDirty() {
  return !form.hidden && content() !== blank;
}

function keepNow() {
  if (!form.hidden) remember("draft", isDirty() ? draft() : null);
}

const keep = debounced(keepNow, 250);

function changed() {
  keep();
  const stale = tried !== null && content() !== tried;
  $("stale").textContent = stale ? say("preview.stale") : "";
}

function complain(problem, fields) {
  if (!(problem instanceof Problem)) throw problem;
  notice("");
  if ([401, 403].includes(problem.status)) {
    fields.set("/key", keyField);
    show(say("problem.title"), [{ pointer: "/key", detail: explained(problem) }], fields);
  } else if (problem.errors.length) {
    show(say("problem.title"), problem.errors, fields);
  } else {
    show(say("problem.general"), [{ pointer: "", detail: explained(problem) }], fields);
  }
}

// Runs one of the two things that are asked of the service, and never both or one twice at a time.
async function once(doing, job) {
  if (busy) return;
  const { body, fields } = collect();
  if (!key()) {
    fields.set("/key", keyField);
    show(say("problem.title"), [{ pointer: "/key", detail: say("problem.key") }], fields);
    return;
  }
  busy = true;
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  clearAll();
  notice(say(doing));
  try {
    await job(JSON.stringify(body));
    notice("");
  } catch (problem) {
    complain(problem, fields);
    for (const each of figures()) readAgain(each);
  } finally {
    busy = false;
    for (const button of buttons) button.removeAttribute("aria-disabled");
  }
}

// How the places and groups are called that the form names, by id.
function names() {
  const picked = [...form.querySelectorAll(".picker")].flatMap((each) => pickerOf(each).items);
  return Object.fromEntries(picked.map(({ id, name }) => [id, name]));
}

function arriveAt(title) {
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "start" });
}

async function tryOut(sent) {
  const { body } = await post("v1/reports/preview", sent);
  tried = sent;
  $("preview-content").replaceChildren(...previewed({ ...body, names: names() }));
  $("stale").textContent = "";
  $("preview").hidden = false;
  arriveAt($("preview-title"));
}

async function send(sent) {
  const { body, status, again } = await post("v1/reports", sent, {
    headers: { "Idempotency-Key": attempt(sent) },
  });
  remember("draft", null);
  remember("attempt", null);
  forgetLookedUp();
  form.hidden = true;
  $("preview").hidden = true;
  $("sent-content").replaceChildren(...recorded(body, again || status === 200));
  $("sent").hidden = false;
  arriveAt($("sent-title"));
}

function startAnew() {
  clearAll();
  empty(changed);
  remember("draft", null);
  remember("attempt", null);
  tried = null;
  $("preview").hidden = true;
  $("sent").hidden = true;
  form.hidden = false;
  showFigures();
}

function showFigures() {
  $("figures").hidden = !givesFigures();
}

function setUp() {
  document.querySelector(".enter").classList.add("with-script");
  $("plain").hidden = true;
  $("entering").hidden = false;
  for (const each of form.querySelectorAll(".picker")) begin(each, changed);
  add(changed);
  blank = content();
  keyField.value = remembered("key") ?? "";
  const kept = remembered("draft");
  if (kept) {
    restore(kept, changed);
    notice(say("draft"));
  }
  showFigures();
}

keyField.addEventListener("input", () => {
  clear(keyField);
  remember("key", key() || null);
});
$("forget").addEventListener("click", () => {
  keyField.value = "";
  remember("key", null);
  notice(say("forgotten"));
  keyField.focus();
});
form.addEventListener("input", (event) => {
  const field = event.target.closest("[data-at]");
  if (field && !field.dataset.said) clear(field);
  changed();
});
form.addEventListener("change", changed);
$("stance").addEventListener("change", showFigures);
$("add").addEventListener("click", () => {
  add(changed).querySelector("input").focus();
  changed();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  once("previewing", tryOut);
});
$("send").addEventListener("click", () => once("sending", send));
$("clear").addEventListener("click", () => {
  if (isDirty() && !window.confirm(say("leave"))) return;
  startAnew();
  notice(say("cleared"));
  $("reporter-find").focus();
});
$("another").addEventListener("click", () => {
  startAnew();
  $("reporter-find").focus();
});
window.addEventListener("beforeunload", (event) => {
  if (isDirty()) event.preventDefault();
});
window.addEventListener("pagehide", keepNow);

setUp();
