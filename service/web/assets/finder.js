// Offers what is found while one types, in every input with data-suggest. Without scripts, the form of
// the field leads to a page of results.
"use strict";

const words = JSON.parse(document.getElementById("finder-words").textContent);

// Puts a combobox in place of the field. What is chosen is opened; a field with data-adds, the name of
// a parameter, adds it to the parameters of its form instead, and sends the form.
function offerMatches(field) {
  const { id, name, placeholder, value, form } = field;
  const { suggest, adds } = field.dataset;
  const address = new URL(suggest, document.baseURI);
  const container = document.createElement("div");
  container.className = "finder-field";
  field.replaceWith(container);
  const input = window.createCombobox({
    container,
    id,
    name,
    defaultValue: value,
    placeholder,
    displayMenu: adds ? "inline" : "overlay",
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
        const label = document.createElement("bdi");
        label.textContent = found.name;
        const about = document.createElement("span");
        about.className = "option-about";
        about.textContent = ` ${found.about}`;
        return label.outerHTML + about.outerHTML;
      },
    },
    describedBy: () => [],
    find: async (typed, signal) => {
      address.searchParams.set("words", typed);
      const answer = await fetch(address, { signal });
      return answer.ok ? (await answer.json()).found : [];
    },
    onConfirm: (found) => {
      if (found && adds) addAndSend(found);
      else if (found) location.href = new URL(found.href, address);
    },
  });

  function addAndSend(found) {
    const added = document.createElement("input");
    Object.assign(added, { type: "hidden", name: adds, value: found.id });
    form.append(added);
    input.removeAttribute("name"); // The words have been resolved.
    form.requestSubmit();
  }

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

if (window.createCombobox) {
  for (const field of document.querySelectorAll("input[data-suggest]")) offerMatches(field);
}
