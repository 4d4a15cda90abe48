// Session storage of this tab: the API key, the draft, the last attempt. Where the browser denies
// access to it, reports can still be sent.

export function saveItem(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(`enter.${name}`);
    else sessionStorage.setItem(`enter.${name}`, JSON.stringify(value));
  } catch {
    // The storage is full, or access is denied.
  }
}

export function loadItem(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`enter.${name}`));
  } catch {
    return null;
  }
}
