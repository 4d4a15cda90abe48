// A text field that offers options while one types. It configures the vendored combobox.
//
// This is a classic script, like the library: the dashboard needs it before its page has arrived
// completely, and a module would wait for that.
"use strict";

const COMBOBOX_DELAY_MILLISECONDS = 200;

// Puts a combobox into `container` and returns its input.
//
// `find(typed, signal)` resolves to the options for a text; it is aborted as soon as the text
// changes. `describedBy()` returns the ids of the elements that describe the input. All other
// settings are those of the library. While a search runs, the container has the class "waiting".
window.createCombobox = ({ container, find, describedBy, defaultValue, ...settings }) => {
  let initial = defaultValue; // None, after the user has changed it.
  let timer;
  let controller;

  async function search(typed, show) {
    controller = new AbortController();
    const { signal } = controller;
    const options = await find(typed, signal).catch(() => []);
    if (signal.aborted || container.querySelector("input").value !== typed) return;
    show(options);
    container.classList.remove("waiting");
  }

  window.accessibleAutocomplete({
    element: container,
    minLength: 2,
    confirmOnBlur: false,
    source: (typed, show) => {
      if (typed === initial) return;
      initial = undefined;
      clearTimeout(timer);
      controller?.abort();
      container.classList.add("waiting");
      show([]); // The user must not select an option that belongs to an earlier text.
      timer = setTimeout(search, COMBOBOX_DELAY_MILLISECONDS, typed, show);
    },
    ...settings,
  });

  const input = container.querySelector("input");
  // The library would offer the text that the field begins with as an option, or say that nothing has
  // this name.
  if (initial) {
    container.classList.add("waiting");
    input.value = initial;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  // The library overwrites aria-describedby. Descriptions of the page are added again.
  const restoreDescription = () => {
    const current = (input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
    const missing = describedBy().filter((id) => !current.includes(id));
    if (missing.length) input.setAttribute("aria-describedby", [...current, ...missing].join(" "));
  };
  new MutationObserver(restoreDescription).observe(input, { attributeFilter: ["aria-describedby"] });
  restoreDescription();
  return input;
};
