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

export function formatOutcomes(outcomes) {
  const words = outcomes.map((outcome) => say(`outcome.${outcome}`));
  const last = words.pop();
  return words.length ? `${words.join(", ")} ${say("or")} ${last}` : last;
}

export function formatRange({ low, high, disclosed }) {
  if (disclosed === false) return say("range.unknown");
  if (low === high) return say("range.exactly", { low });
  if (high === null) return low ? say("range.open", { low }) : say("range.any");
  return low ? say("range.between", { low, high }) : say("range.up_to", { high });
}
