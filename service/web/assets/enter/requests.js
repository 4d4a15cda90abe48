// Runs the requests of a form one at a time, and shows what went wrong at the fields.

import { ProblemError, readKey } from "./api.js";
import { clearAll, explainProblem, showErrors } from "./errors.js";
import { say } from "./messages.js";

const keyField = document.getElementById("key");
const notice = document.getElementById("notice");

export function showNotice(text) {
  notice.textContent = text;
}

// Shows mistakes that the page has found itself; `fields` maps pointers to fields.
export function showMistakes(errors, fields) {
  fields.set("/key", keyField);
  showErrors(say("problem.title"), errors, fields);
}

function showProblem(problem, fields) {
  showNotice("");
  if (!(problem instanceof ProblemError)) throw problem;
  const detail = explainProblem(problem);
  if ([401, 403].includes(problem.status)) showMistakes([{ pointer: "/key", detail }], fields);
  else if (problem.errors.length) showMistakes(problem.errors, fields);
  else showErrors(say("problem.general"), [{ pointer: "", detail }], fields);
}

// Returns a function that runs a job, unless another one runs, and returns whether it succeeded.
// The buttons are disabled meanwhile. The function takes the notice for that time, the job, and
// the fields by their pointers. With `isOverlapping` jobs may run at the same time.
export function createRunner(buttons, { isOverlapping = false } = {}) {
  let busy = false;
  return async (text, job, fields) => {
    if (busy && !isOverlapping) return false;
    if (!readKey()) {
      showMistakes([{ pointer: "/key", detail: say("problem.key") }], fields);
      return false;
    }
    busy = true;
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
    clearAll();
    showNotice(text);
    try {
      await job();
      showNotice("");
      return true;
    } catch (problem) {
      showProblem(problem, fields);
      return false;
    } finally {
      busy = false;
      for (const button of buttons) button.removeAttribute("aria-disabled");
    }
  };
}
