// Enhancements of the dashboard. Its links and forms work without this file.
"use strict";

document.documentElement.classList.add("with-script");

// On a narrow screen the query form is folded, so that the answer comes first.
const fold = document.querySelector(".ask-fold");
if (fold && window.matchMedia("(max-width: 56rem)").matches && !fold.querySelector(".fault, .matches")) {
  fold.open = false;
}

// The title is sent before the headline is known; the headline is added later.
document.addEventListener("DOMContentLoaded", () => {
  const headline = document.getElementById("headline");
  if (headline) document.title = `${headline.textContent} – ${document.title}`;
});

// A proof opens in a panel on the same page.
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
  const panel = document.getElementById("panel"); // The last element of the page.
  if (event.target === panel) panel.close(); // A click beside the panel. The browser handles Escape.
  const url = panel && proofAddressOf(event.target.closest("a"));
  if (!url) return;
  event.preventDefault();
  openPanel(panel, url).catch(() => { location.href = url; });
});

// Days selected in the time chart become the period of the query.
document.addEventListener("brushed", (event) => {
  const url = new URL(location.href);
  url.searchParams.set("from", event.detail.from);
  url.searchParams.set("to", event.detail.to);
  url.searchParams.delete("scale");
  location.href = url;
});

// API addresses on the page are relative; copies of them are absolute.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const toAbsolute = (call) => new URL(call, document.baseURI).href;
  try {
    await navigator.clipboard.writeText(source.textContent.trim().replace(/\bv1\/\S+/, toAbsolute));
    button.textContent = button.dataset.done;
  } catch {
    // Without TLS, browsers deny access to the clipboard: select the text for copying by hand.
    getSelection().selectAllChildren(source);
  }
});

// Empty fields are left out of the address.
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
