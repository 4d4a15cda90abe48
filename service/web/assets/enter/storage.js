// What this tab remembers until it is closed: the key, the draft, the last attempt. A browser that
// forbids it to remember still sends reports.

export function saveItem(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(`enter.${name}`);
    else sessionStorage.setItem(`enter.${name}`, JSON.stringify(value));
  } catch {
    // Full, or forbidden.
  }
}

export function loadItem(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`enter.${name}`));
  } catch {
    return null;
  }
}
