// The texts of the page by their keys, from the catalogue that the page brings along.

const catalogue = JSON.parse(document.getElementById("words").textContent);

export function formatNumber(value) {
  return value.toLocaleString("en");
}

// The text with the values put in; where it has forms for one and for other, `count` chooses.
export function say(key, values = {}) {
  let text = catalogue[key];
  // A page and a script of two releases may meet for a moment: that must not keep one from sending.
  if (text === undefined) return values.detail ?? key;
  if (typeof text !== "string") text = values.count === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? formatNumber(value) : (value ?? whole);
  });
}

// Outcomes come in the vocabulary's order, from the service as from the form.
export function formatOutcomes(outcomes) {
  return say(`outcomes.${outcomes.join(",")}`, { detail: outcomes.join(", ") });
}

// The kinds are those of classify_range in service/domain/wording/range_text.py.
function classifyRange(low, high) {
  if (high === null) return low ? "at_least" : "unknown";
  if (low === high) return low ? "exactly" : "nobody";
  return low ? "between" : "up_to";
}

export function formatRange({ low, high, disclosed }) {
  return say(`range.${disclosed === false ? "not_disclosed" : classifyRange(low, high)}`, { low, high });
}
