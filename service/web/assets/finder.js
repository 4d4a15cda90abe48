// Offers what is found while one types. Without scripts, the field leads to a page of results.
"use strict";

const field = document.getElementById("find");
if (field && window.createCombobox) {
  const words = JSON.parse(document.getElementById("finder-words").textContent);
  const { placeholder, value, form } = field;
  const address = new URL(field.dataset.suggest, document.baseURI);
  const container = document.createElement("div");
  container.className = "finder-field";
  field.replaceWith(container);
  window.createCombobox({
    container,
    id: "find",
    name: "words",
    defaultValue: value,
    placeholder,
    displayMenu: "overlay",
    showNoOptionsFound: true,
    tNoResults: () => words.none,
    tStatusQueryTooShort: () => words.short,
    tStatusNoResults: () => (container.classList.contains("waiting") ? "" : words.none),
    tStatusSelectedOption: (selected, length, index) => `${selected} ${index + 1}/${length}`,
    tStatusResults: (length, selected) => `${length} ${words.results} ${selected || ""}`,
    tAssistiveHint: () => words.hint,
    templates: {
      inputValue: (found) => (found ? found.name : ""),
      // The library inserts this as HTML, and a place may have any name.
      suggestion: (found) => {
        const name = document.createElement("bdi");
        name.textContent = found.name;
        const about = document.createElement("span");
        about.className = "option-about";
        about.textContent = ` ${found.about}`;
        return name.outerHTML + about.outerHTML;
      },
    },
    describedBy: () => [],
    find: async (typed, signal) => {
      address.searchParams.set("words", typed);
      const answer = await fetch(address, { signal });
      return answer.ok ? (await answer.json()).found : [];
    },
    onConfirm: (found) => {
      if (found) location.href = new URL(found.href, address);
    },
  });
  // The library would keep Enter from sending the form while options are open and none is chosen. In
  // the capturing phase it has not closed them yet.
  const sendForm = (event) => {
    if (event.key !== "Enter" || container.querySelector(".autocomplete__option--focused")) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit();
  };
  container.addEventListener("keydown", sendForm, true);
}
