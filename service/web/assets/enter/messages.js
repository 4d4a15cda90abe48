// The texts of the page by key. The page contains them as JSON.

const catalogue = JSON.parse(document.getElementById("words").textContent);

export function formatNumber(value) {
  return value.toLocaleString("en");
}

// Returns the text with the values inserted; `count` selects the form "one" or "other".
export function say(key, values = {}) {
  let text = catalogue[key];
  // During an upgrade, page and script may be of different releases. Sending must still work.
  if (text === undefined) return values.detail ?? key;
  if (typeof text !== "string") text = values.count === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? formatNumber(value) : (value ?? whole);
  });
}

// The outcomes are in the order of the vocabulary, both from the service and from the form.
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
