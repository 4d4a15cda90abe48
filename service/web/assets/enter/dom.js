// Helpers for DOM elements. Data are inserted as text, never as markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Returns a copy of the template with `id` in place of `mark` in ids and references to them.
export function copyTemplate(template, mark, id) {
  const made = document.getElementById(template).content.firstElementChild.cloneNode(true);
  for (const each of [made, ...made.querySelectorAll("*")]) {
    for (const name of ["id", "for", "aria-describedby", "aria-labelledby", "data-reading"]) {
      const value = each.getAttribute(name);
      if (value?.includes(mark)) each.setAttribute(name, value.replaceAll(mark, id));
    }
  }
  return made;
}

export function debounce(job, milliseconds) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => job(...given), milliseconds);
  };
}

// Adds the id to the element's aria-describedby, or removes it.
export function toggleDescription(element, id, whether) {
  const ids = new Set((element.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (whether === ids.has(id)) return;
  if (whether) ids.add(id);
  else ids.delete(id);
  if (ids.size) element.setAttribute("aria-describedby", [...ids].join(" "));
  else element.removeAttribute("aria-describedby");
}

export function openAncestors(element) {
  for (let above = element; above; above = above.parentElement) {
    if (above.tagName === "DETAILS") above.open = true;
  }
}

let lastSerial = 0;

export function nextSerial() {
  lastSerial += 1;
  return lastSerial;
}
