// Charts with scripts: keyboard navigation, and selection of days by dragging (brushing). The
// listeners are on the document, so that parts of a page may be replaced.

const MIN_DRAG_PIXELS = 6; // a shorter drag is a click

let drag = null; // { svg, from, x, moved }
let swallowClick = false; // the click that ends a drag must not open a link

const closestTo = (target, selector) => (target instanceof Element ? target.closest(selector) : null);
const itemsOf = (svg) => [...svg.querySelectorAll(".chart-column, .chart-spot")];

// Keyboard navigation with a roving tabindex: one stop for Tab, arrow keys inside the chart.

document.addEventListener("focusin", (event) => {
  const here = closestTo(event.target, ".chart-column, .chart-spot");
  const svg = here && here.closest("[data-roving]");
  if (!svg) return;
  for (const each of itemsOf(svg)) each.setAttribute("tabindex", each === here ? "0" : "-1");
});

document.addEventListener("keydown", (event) => {
  const here = closestTo(event.target, ".chart-column, .chart-spot");
  const svg = here && here.closest("[data-roving]");
  if (!svg || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = itemsOf(svg);
  const at = all.indexOf(here);
  const to = {
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  const brush = svg.matches("[data-brush]");
  if (to !== undefined) {
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    if (brush && event.shiftKey) {
      const begin = all.find((each) => each.dataset.key === svg.dataset.begin) || here;
      markSpan(svg, begin, next);
    } else if (brush) {
      clearMark(svg);
    }
    next.focus();
  } else if (brush && svg.dataset.begin !== undefined && event.key === "Enter") {
    event.preventDefault();
    dispatchBrushed(svg);
  } else if (brush && event.key === "Escape") {
    clearMark(svg);
  }
});

// Brushing: from one column to another, in either direction.

function markSpan(svg, one, other) {
  const [first, last] = [one, other].sort((a, b) => (a.dataset.from < b.dataset.from ? -1 : 1));
  const from = first.querySelector(".chart-hit");
  const to = last.querySelector(".chart-hit");
  const brush = svg.querySelector(".chart-brush");
  if (!from || !to || !brush) return;
  const left = parseFloat(from.getAttribute("x"));
  const right = parseFloat(to.getAttribute("x")) + parseFloat(to.getAttribute("width"));
  brush.setAttribute("x", `${left}%`);
  brush.setAttribute("width", `${right - left}%`);
  svg.dataset.begin = one.dataset.key;
  svg.dataset.from = first.dataset.from;
  svg.dataset.to = last.dataset.to;
  const words = { from: first.dataset.label, to: last.dataset.label };
  announce(svg, (svg.dataset.marked || "").replace(/\{(from|to)\}/g, (_, name) => words[name]));
}

function clearMark(svg) {
  const brush = svg.querySelector(".chart-brush");
  if (brush) brush.setAttribute("width", "0");
  for (const name of ["begin", "from", "to"]) delete svg.dataset[name];
  announce(svg, "");
}

function announce(svg, words) {
  const figure = svg.closest(".chart");
  const live = figure && figure.querySelector(".chart-live");
  if (live && live.textContent !== words) live.textContent = words;
}

function dispatchBrushed(svg) {
  const { from, to } = svg.dataset;
  if (from && to) {
    svg.dispatchEvent(new CustomEvent("brushed", { bubbles: true, detail: { from, to } }));
  }
}

function findNearest(svg, x) {
  let best = null;
  let least = Infinity;
  for (const each of itemsOf(svg)) {
    const hit = each.querySelector(".chart-hit");
    if (!hit) continue;
    const box = hit.getBoundingClientRect();
    const away = x < box.left ? box.left - x : x > box.right ? x - box.right : 0;
    if (away < least) [best, least] = [each, away];
  }
  return best;
}

document.addEventListener("pointerdown", (event) => {
  const svg = closestTo(event.target, "[data-brush]");
  if (!svg || event.button !== 0 || !event.isPrimary) return;
  swallowClick = false;
  drag = { svg, from: findNearest(svg, event.clientX), x: event.clientX, moved: false };
});

document.addEventListener("pointermove", (event) => {
  if (!drag || !drag.from || !event.isPrimary) return;
  if (!drag.moved && Math.abs(event.clientX - drag.x) < MIN_DRAG_PIXELS) return;
  drag.moved = true;
  const to = findNearest(drag.svg, event.clientX);
  if (to) markSpan(drag.svg, drag.from, to);
});

document.addEventListener("pointerup", () => {
  if (drag && drag.moved) {
    swallowClick = true;
    setTimeout(() => { swallowClick = false; }, 0);
    dispatchBrushed(drag.svg);
  }
  drag = null;
});

document.addEventListener("pointercancel", () => {
  if (drag && drag.moved) clearMark(drag.svg);
  drag = null;
});

document.addEventListener("dragstart", (event) => {
  if (closestTo(event.target, "[data-brush]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (swallowClick && closestTo(event.target, "[data-brush]")) {
    event.preventDefault();
    event.stopPropagation();
  }
  swallowClick = false;
}, true);
