// Enhancements of the page of a subject. Its links and forms work without this file.
"use strict";

document.documentElement.classList.add("with-script");

// Only one filter is open at a time; Escape and a click elsewhere close it.
const chips = [...document.querySelectorAll(".chip")];
for (const chip of chips) {
  chip.addEventListener("toggle", () => {
    if (chip.open) for (const other of chips) if (other !== chip) other.open = false;
  });
}
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && chips.find((chip) => chip.open);
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const chip of chips) if (chip.open && !chip.contains(event.target)) chip.open = false;
});

// Days selected in the time chart become the period of the query.
document.addEventListener("brushed", (event) => {
  const url = new URL(location.href);
  url.searchParams.set("from", event.detail.from);
  url.searchParams.set("to", event.detail.to);
  url.searchParams.delete("unit");
  location.href = url;
});

// Without TLS, browsers deny access to the clipboard: the address can be copied from their own bar.
if (!navigator.clipboard) for (const each of document.querySelectorAll("[data-copy-link]")) each.remove();

document.addEventListener("click", async (event) => {
  const sharing = event.target.closest("[data-copy-link]");
  if (sharing) {
    await navigator.clipboard.writeText(location.href.split("#")[0]);
    sharing.textContent = sharing.dataset.done;
  }
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
    button.textContent = button.dataset.done;
  } catch {
    // Without TLS, browsers deny access to the clipboard: select the text for copying by hand.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
  }
});

// Empty fields are left out of the address.
document.getElementById("filters")?.addEventListener("formdata", (event) => {
  const data = event.formData;
  for (const name of new Set([...data.keys()])) {
    const values = data.getAll(name).filter((value) => value !== "");
    data.delete(name);
    if (values.length) data.set(name, [...new Set(values)].join(","));
  }
});
