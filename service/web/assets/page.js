// What the page can do beside its links and forms, all of which work without this file.
"use strict";

document.documentElement.classList.add("with-script");

// On a narrow screen the answer comes first: the questions are folded away.
const fold = document.querySelector(".ask-fold");
if (fold && window.matchMedia("(max-width: 56rem)").matches && !fold.querySelector(".fault, .matches")) {
  fold.open = false;
}

// A proof opens beside the picture that it belongs to.
async function openPanel(panel, address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.getElementById("answer");
  main.id = "panel-answer";
  document.getElementById("panel-content").replaceChildren(document.adoptNode(main));
  panel.showModal();
  panel.scrollTop = 0;
}

function isProof(link) {
  const address = link && (typeof link.href === "string" ? link.href : link.href && link.href.baseVal);
  if (!address) return null;
  const url = new URL(address, document.baseURI);
  return url.origin === location.origin && /\/proof$/.test(url.pathname) ? url : null;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const panel = document.getElementById("panel"); // The last to arrive.
  if (event.target === panel) panel.close(); // A click beside it; Escape closes it by itself.
  const url = panel && isProof(event.target.closest("a"));
  if (!url) return;
  event.preventDefault();
  openPanel(panel, url).catch(() => { location.href = url; });
});

// Days marked on the time chart are asked for.
document.addEventListener("brushed", (event) => {
  const url = new URL(location.href);
  url.searchParams.set("from", event.detail.from);
  url.searchParams.set("to", event.detail.to);
  url.searchParams.delete("scale");
  location.href = url;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = button.dataset.done;
});

// Empty fields stay out of the address that is shared.
const ask = document.getElementById("ask");
ask?.addEventListener("formdata", (event) => {
  const all = ["killed", "wounded", "missing", "captured"];
  const data = event.formData;
  for (const name of new Set([...data.keys()])) {
    const values = data.getAll(name).filter((value) => value !== "");
    data.delete(name);
    const joined = [...new Set(values)].join(",");
    if (joined && !(name === "show" && values.length === all.length)) data.set(name, joined);
  }
});

// Places are offered as one types; without this the page offers them after it was asked.
const find = document.getElementById("find");
if (find && window.accessibleAutocomplete) {
  const holder = document.createElement("div");
  const words = JSON.parse(document.getElementById("words").textContent);
  let known = new Map();
  let asking;
  const { className, value } = find;
  find.replaceWith(holder);
  window.accessibleAutocomplete({
    element: holder,
    id: "find",
    name: "find",
    defaultValue: value,
    inputClasses: className || null,
    minLength: 2,
    confirmOnBlur: false,
    showNoOptionsFound: true,
    tNoResults: () => words.none,
    tStatusQueryTooShort: () => words.short,
    tStatusNoResults: () => words.none,
    tStatusSelectedOption: (selected, length, index) => `${selected} ${index + 1}/${length}`,
    tStatusResults: (length, selected) => `${length} ${words.results} ${selected || ""}`,
    tAssistiveHint: () => words.hint,
    source: (typed, show) => {
      clearTimeout(asking);
      asking = setTimeout(async () => {
        const answer = await fetch(`find?words=${encodeURIComponent(typed)}`);
        const told = answer.ok ? await answer.json() : { places: [] };
        known = new Map(told.places.map((place) => [place.shown, place.id]));
        show([...known.keys()]);
      }, 150);
    },
    onConfirm: (shown) => {
      const id = known.get(shown);
      if (!id) return;
      const url = new URL(location.href);
      url.searchParams.delete("find");
      url.searchParams.set("place", id);
      location.href = url;
    },
  });
}
