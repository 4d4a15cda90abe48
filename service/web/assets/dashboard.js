// What the page can do beside its links and forms, all of which work without this file.
"use strict";

document.documentElement.classList.add("with-script");

// On a narrow screen the answer comes first: the questions are folded away.
const fold = document.querySelector(".ask-fold");
if (fold && window.matchMedia("(max-width: 56rem)").matches && !fold.querySelector(".fault, .matches")) {
  fold.open = false;
}

// The title comes before the answer is known, and says it once it is.
document.addEventListener("DOMContentLoaded", () => {
  const headline = document.getElementById("headline");
  if (headline) document.title = `${headline.textContent} – ${document.title}`;
});

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

function proofAddressOf(link) {
  const address = link && (typeof link.href === "string" ? link.href : link.href && link.href.baseVal);
  if (!address) return null;
  const url = new URL(address, document.baseURI);
  return url.origin === location.origin && /\/proof$/.test(url.pathname) ? url : null;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const panel = document.getElementById("panel"); // The last to arrive.
  if (event.target === panel) panel.close(); // A click beside it; Escape closes it by itself.
  const url = panel && proofAddressOf(event.target.closest("a"));
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

// Calls of the interface are copied whole: here they hold below the address of this page only.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const toAbsolute = (call) => new URL(call, document.baseURI).href;
  try {
    await navigator.clipboard.writeText(source.textContent.trim().replace(/\bv1\/\S+/, toAbsolute));
    button.textContent = button.dataset.done;
  } catch {
    // Pages that do not come over TLS may not copy: what is marked is copied by hand.
    getSelection().selectAllChildren(source);
  }
});

// Empty fields stay out of the address that is shared.
const queryForm = document.getElementById("ask");
queryForm?.addEventListener("formdata", (event) => {
  const all = ["killed", "wounded", "missing", "captured"];
  const data = event.formData;
  for (const name of new Set([...data.keys()])) {
    const values = data.getAll(name).filter((value) => value !== "");
    data.delete(name);
    const joined = [...new Set(values)].join(",");
    if (joined && !(name === "show" && values.length === all.length)) data.set(name, joined);
  }
});

// Places are offered while one types. Without scripts, the page lists them after the form is sent.
const find = document.getElementById("find");
if (find && window.createCombobox) {
  const words = JSON.parse(document.getElementById("words").textContent);
  const { className, value } = find;
  const description = find.getAttribute("aria-describedby");
  const container = document.createElement("div");
  find.replaceWith(container);
  const input = window.createCombobox({
    container,
    id: "find",
    name: "find",
    defaultValue: value,
    inputClasses: className || null,
    showNoOptionsFound: true,
    tNoResults: () => words.none,
    tStatusQueryTooShort: () => words.short,
    tStatusNoResults: () => (container.classList.contains("waiting") ? "" : words.none),
    tStatusSelectedOption: (selected, length, index) => `${selected} ${index + 1}/${length}`,
    tStatusResults: (length, selected) => `${length} ${words.results} ${selected || ""}`,
    tAssistiveHint: () => words.hint,
    templates: {
      inputValue: (place) => (place ? place.shown : ""),
      // The library inserts this as HTML, and a place may have any name.
      suggestion: (place) => {
        const name = document.createElement("bdi");
        name.textContent = place.shown;
        return name.outerHTML;
      },
    },
    describedBy: () => description?.split(" ") ?? [],
    find: async (typed, signal) => {
      const answer = await fetch(`find?words=${encodeURIComponent(typed)}`, { signal });
      return answer.ok ? (await answer.json()).places : [];
    },
    onConfirm: (place) => {
      if (!place) return;
      const url = new URL(location.href);
      url.searchParams.delete("find");
      url.searchParams.set("place", place.id);
      location.href = url;
    },
  });
  if (description) input.setAttribute("aria-invalid", "true");
}
