// Places, groups and reporters: found as one types, or described where they are new.

import { copy, debounced, describe, el, serial } from "./dom.js";
import { get } from "./api.js";
import { clear, explained } from "./errors.js";
import { say } from "./messages.js";

const OFFERED = 8;
const pickers = new Map();
const lookedUp = new Map();

export function pickerOf(fieldset) {
  return pickers.get(fieldset);
}

export function forgetLookedUp() {
  lookedUp.clear();
}

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

const LETTERS = {
  а: "a", б: "b", в: "v", г: "h", ґ: "g", д: "d", е: "e", є: "ie", ё: "e", ж: "zh", з: "z", и: "y",
  і: "i", ї: "i", й: "i", к: "k", л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t",
  у: "u", ф: "f", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e",
  ю: "iu", я: "ia", ß: "ss", ø: "o", ł: "l", đ: "d",
};

// An id as it may be suggested for a name; empty where its letters are not known.
export function slug(name) {
  const plain = [...folded(name)].map((letter) => LETTERS[letter] ?? letter).join("");
  return plain
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/['’]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
}

function known(kind, id) {
  const address = `v1/${kind}s/${encodeURIComponent(id)}`;
  if (!lookedUp.has(address)) {
    const asked = get(address).then(({ body }) => body);
    asked.catch(() => lookedUp.delete(address));
    lookedUp.set(address, asked);
  }
  return lookedUp.get(address);
}

// Where it lies, from the nearest on: that tells apart two of the same name.
async function above(kind, entry) {
  const names = [];
  let parent = entry.parent;
  while (parent && names.length < 6) {
    const found = await known(kind, parent).catch(() => null);
    if (!found || (kind === "group" && !found.parent)) break;
    names.push(found.name);
    parent = found.parent;
  }
  return names.join(", ");
}

async function option(kind, entry) {
  const about = [await above(kind, entry), entry.kind, entry.id].filter(Boolean).join(" · ");
  return { id: entry.id, name: entry.name, about };
}

function nearness(entry, typed) {
  const names = [entry.name, ...(entry.aliases ?? []), entry.id].map(folded);
  if (names.some((name) => name === typed)) return 0;
  return names.some((name) => name.startsWith(typed)) ? 1 : 2;
}

async function found(kind, typed, signal) {
  const { body } = await get(`v1/${kind}s?limit=200&q=${encodeURIComponent(typed)}`, signal);
  const wanted = folded(typed);
  const entries = body[`${kind}s`]
    .map((entry) => [nearness(entry, wanted), entry])
    .sort(([one], [other]) => one - other)
    .slice(0, OFFERED);
  return Promise.all(entries.map(([, entry]) => option(kind, entry)));
}

// What is described as new anywhere in this report, so that it can be named again.
function newcomers(kind, typed) {
  const wanted = folded(typed);
  const all = [...pickers.values()].filter((picker) => picker.kind === kind && picker.isThere);
  return all
    .flatMap((picker) => picker.items)
    .filter((item) => item.fields && item.name && folded(`${item.name} ${item.id}`).includes(wanted))
    .map((item) => ({ id: item.id, name: item.name, about: `${say("here")} · ${item.id}` }));
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

class Picker {
  constructor(fieldset, changed) {
    this.fieldset = fieldset;
    this.kind = fieldset.dataset.picks;
    this.many = fieldset.hasAttribute("data-many");
    this.makes = fieldset.hasAttribute("data-makes");
    this.changed = changed;
    this.list = fieldset.querySelector(":scope > .picked");
    this.finder = fieldset.querySelector(":scope > .finder");
    this.items = [];
    this.status = el("p", { class: "fine", role: "status" });
    this.finder.append(this.status);
    this.combine();
  }

  get isThere() {
    return this.fieldset.isConnected;
  }

  get input() {
    return this.finder.querySelector("input");
  }

  combine() {
    const id = `${this.fieldset.id}-find`;
    const box = this.finder.querySelector(".combobox");
    const search = debounced((typed, show) => this.search(typed, show), 200);
    window.accessibleAutocomplete({
      element: box,
      id,
      name: "",
      minLength: 2,
      confirmOnBlur: false,
      // It would say so while the answer is still on its way; the status says it when it is there.
      showNoOptionsFound: false,
      displayMenu: "overlay",
      tNoResults: () => say("find.none"),
      tStatusQueryTooShort: () => say("find.short"),
      tStatusNoResults: () => say("find.none"),
      tStatusResults: (count) => say("find.results", { count }),
      tAssistiveHint: () => say("find.hint"),
      templates: {
        // Nothing: what is taken stands in the list, and the field is empty for the next one.
        inputValue: () => "",
        suggestion: (option) =>
          `<span class="option-name">${escaped(option.label ?? option.name)}</span>` +
          (option.about ? ` <span class="option-about">${escaped(option.about)}</span>` : ""),
      },
      source: search,
      onConfirm: (option) => option && this.confirm(option),
    });
    const input = this.input;
    // The library sets anew what describes the field: what the page says of it stays all the same.
    const also = () => {
      for (const part of ["hint", "fault"]) {
        const told = document.getElementById(`${this.fieldset.id}-${part}`);
        if (told) describe(input, told.id, true);
      }
    };
    new MutationObserver(also).observe(input, { attributeFilter: ["aria-describedby"] });
    also();
  }

  async search(typed, show) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const name = typed.trim();
    if (!name) return;
    const chosen = new Set(this.items.map((item) => item.id));
    const create = { create: name, name, label: say(`create.${this.kind}`, { name }) };
    const last = this.makes ? [create] : [];
    try {
      const options = [...newcomers(this.kind, name), ...(await found(this.kind, name, signal))];
      if (signal.aborted || this.input.value.trim() !== name) return;
      const offered = options.filter((option) => !chosen.has(option.id));
      this.status.textContent = offered.length ? "" : say("find.none");
      show([...offered, ...last]);
    } catch (problem) {
      if (signal.aborted) return;
      this.status.textContent = say("find.failed", { reason: explained(problem) });
      show(last);
    }
  }

  confirm(option) {
    if (option.create) {
      this.add({ fields: { "/name": option.create, "/id": slug(option.create) } }, true);
    } else {
      this.add({ id: option.id, name: option.name, about: option.about }, true);
    }
    this.changed();
  }

  empty() {
    const input = this.input;
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  add(given, focus = false) {
    clear(this.fieldset);
    this.status.textContent = "";
    const item = given.fields ? new New(this, given) : new Known(this, given);
    this.items.push(item);
    this.list.append(item.element);
    this.show();
    if (given.fields) item.begin(given);
    if (!focus) return;
    if (given.fields) setTimeout(() => item.element.querySelector("input").focus(), 0);
    else {
      this.status.textContent = say("picked", { name: item.name });
      if (!this.many) setTimeout(() => item.element.querySelector("button").focus(), 0);
    }
  }

  remove(item) {
    this.items = this.items.filter((each) => each !== item);
    item.element.remove();
    this.show();
    this.status.textContent = say("removed", { name: item.name });
    this.input.focus();
    this.changed();
  }

  show() {
    this.list.hidden = !this.items.length;
    this.finder.hidden = !this.many && this.items.length > 0;
  }

  reset() {
    for (const item of this.items) item.element.remove();
    this.items = [];
    this.status.textContent = "";
    this.show();
    if (this.input.value) this.empty();
  }

  // The value for the body; every field is noted under its pointer.
  collect(pointer, fields) {
    fields.set(pointer, this.fieldset);
    const values = this.items.map((item, index) =>
      item.collect(this.many ? `${pointer}/${index}` : pointer, fields),
    );
    if (!values.length) return undefined;
    return this.many ? values : values[0];
  }

  get state() {
    return this.items.map((item) => item.state);
  }

  set state(items) {
    this.reset();
    for (const each of items) this.add(each);
  }
}

// One that is recorded: its id is all that the report needs.
class Known {
  constructor(picker, { id, name, about }) {
    Object.assign(this, { picker, id, name, about });
    const label = picker.many ? say("remove", { name }) : say("change");
    this.element = el(
      "li",
      { id: `${picker.fieldset.id}-${serial()}` },
      el("span", {}, el("strong", {}, name), " ", el("small", {}, about ?? "")),
      " ",
      el(
        "button",
        { type: "button", class: "plain-button", onclick: () => picker.remove(this) },
        label,
      ),
    );
  }

  collect(pointer, fields) {
    fields.set(pointer, this.element);
    return this.id;
  }

  get state() {
    return { id: this.id, name: this.name, about: this.about };
  }
}

// One that this report describes for the first time.
class New {
  constructor(picker) {
    this.picker = picker;
    this.fields = new Map();
    this.element = copy(`new-${picker.kind}`, "NEW", `${picker.fieldset.id}-${serial()}`);
  }

  begin({ fields, parent }) {
    const element = this.element;
    for (const field of element.querySelectorAll("[data-at]:not(.picker)")) {
      this.fields.set(field.dataset.at, field);
      const given = fields[field.dataset.at];
      if (field.type === "checkbox") field.checked = given === true;
      else field.value = given ?? "";
    }
    const [name, id] = [this.fields.get("/name"), this.fields.get("/id")];
    let own = id.value !== slug(name.value);
    id.addEventListener("input", () => { own = id.value !== ""; });
    name.addEventListener("input", () => {
      if (!own) id.value = slug(name.value);
      this.label();
    });
    const nested = element.querySelector(".picker");
    this.parent = nested && begin(nested, this.picker.changed);
    if (parent) this.parent.add(parent);
    element.querySelector(":scope > fieldset > .remove").addEventListener("click", () => {
      if (nested) pickers.delete(nested);
      this.picker.remove(this);
    });
    this.label();
  }

  label() {
    const button = this.element.querySelector(":scope > fieldset > .remove");
    button.textContent = say("remove", { name: this.name });
  }

  get id() {
    return this.fields.get("/id").value.trim();
  }

  get name() {
    return this.fields.get("/name").value.trim();
  }

  collect(pointer, fields) {
    fields.set(pointer, this.element);
    const value = {};
    for (const [at, field] of this.fields) {
      fields.set(pointer + at, field);
      if (field.type === "checkbox") value[at.slice(1)] = field.checked;
      else if (field.value.trim()) value[at.slice(1)] = field.value.trim();
    }
    const parent = this.parent?.collect(`${pointer}/parent`, fields);
    if (parent !== undefined) value.parent = parent;
    return value;
  }

  get state() {
    const fields = {};
    for (const [at, field] of this.fields) {
      fields[at] = field.type === "checkbox" ? field.checked : field.value;
    }
    return { fields, parent: this.parent?.items[0]?.state };
  }
}

// Makes a picker of the fieldset; `changed` is called for whatever is picked or dropped.
export function begin(fieldset, changed) {
  const made = new Picker(fieldset, changed);
  pickers.set(fieldset, made);
  return made;
}
