// Pickers of places, groups and reporters: search, selection, and description of new ones.

import { copyTemplate, el, nextSerial } from "./dom.js";
import { get } from "./api.js";
import { clearField, explainProblem } from "./errors.js";
import { say } from "./messages.js";

const pickers = new Map();

export function pickerOf(fieldset) {
  return pickers.get(fieldset);
}

function foldCase(text) {
  return text.normalize("NFKC").toLowerCase();
}

const LATIN_LETTERS = {
  а: "a", б: "b", в: "v", г: "h", ґ: "g", д: "d", е: "e", є: "ie", ё: "e", ж: "zh", з: "z", и: "y",
  і: "i", ї: "i", й: "i", к: "k", л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t",
  у: "u", ф: "f", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e",
  ю: "iu", я: "ia", ß: "ss", ø: "o", ł: "l", đ: "d",
};

// Returns an id for the name; empty if its letters cannot be transliterated.
export function suggestId(name) {
  const plain = [...foldCase(name)].map((letter) => LATIN_LETTERS[letter] ?? letter).join("");
  return plain
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/['’]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
}

// Returns the recorded entities that the text may mean, the closest first. The id tells two of one
// name apart, besides what the service says about them.
async function findOptions(kind, typed, signal) {
  const { body } = await get(`suggest?kind=${kind}&words=${encodeURIComponent(typed)}`, signal);
  return body.found.map(({ id, name, about }) => ({ id, name, about: about ? `${about} · ${id}` : id }));
}

// Returns the new entities of this report, which can be selected in other fields as well.
function findNewItems(kind, typed) {
  const wanted = foldCase(typed);
  const all = [...pickers.values()].filter((picker) => picker.kind === kind && picker.isConnected);
  return all
    .flatMap((picker) => picker.items)
    .filter((item) => item.fields && item.name && foldCase(`${item.name} ${item.id}`).includes(wanted))
    .map((item) => ({ id: item.id, name: item.name, about: `${say("here")} · ${item.id}` }));
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

class Picker {
  constructor(fieldset, onChange) {
    this.fieldset = fieldset;
    this.kind = fieldset.dataset.picks;
    this.isMultiple = fieldset.hasAttribute("data-many");
    this.canCreate = fieldset.hasAttribute("data-makes");
    this.onChange = onChange;
    this.list = fieldset.querySelector(":scope > .picked");
    this.finder = fieldset.querySelector(":scope > .finder");
    this.items = [];
    this.status = el("p", { class: "fine", role: "status" });
    this.finder.append(this.status);
    this.createCombobox();
  }

  get isConnected() {
    return this.fieldset.isConnected;
  }

  get input() {
    return this.finder.querySelector("input");
  }

  createCombobox() {
    const input = window.createCombobox({
      container: this.finder.querySelector(".combobox"),
      id: `${this.fieldset.id}-find`,
      name: "",
      // The library would show this while the search runs; the status shows it after the answer.
      showNoOptionsFound: false,
      displayMenu: "overlay",
      tNoResults: () => say("find.none"),
      tStatusQueryTooShort: () => say("find.short"),
      tStatusNoResults: () => "", // The picker's own status shows it.
      tStatusResults: (count) => say("find.results", { count }),
      tAssistiveHint: () => say("find.hint"),
      templates: {
        // What is selected moves to the list, and the field is empty for the next one.
        inputValue: () => "",
        suggestion: (option) =>
          `<span class="option-name">${escapeHtml(option.label ?? option.name)}</span>` +
          (option.about ? ` <span class="option-about">${escapeHtml(option.about)}</span>` : ""),
      },
      describedBy: () =>
        ["hint", "fault"]
          .map((part) => `${this.fieldset.id}-${part}`)
          .filter((id) => document.getElementById(id)),
      find: (typed, signal) => this.search(typed.trim(), signal),
      onConfirm: (option) => option && this.confirm(option),
    });
    // Enter selects an option. While the list is closed it must not send the form either.
    input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  }

  // The options for the name, the last of which describes it as new.
  async search(name, signal) {
    if (!name) return [];
    const chosen = new Set(this.items.map((item) => item.id));
    const create = { create: name, name, label: say(`create.${this.kind}`, { name }) };
    const last = this.canCreate ? [create] : [];
    try {
      const options = [...findNewItems(this.kind, name), ...(await findOptions(this.kind, name, signal))];
      if (signal.aborted || this.input.value.trim() !== name) return [];
      const offered = options.filter((option) => !chosen.has(option.id));
      this.status.textContent = offered.length ? "" : say("find.none");
      return [...offered, ...last];
    } catch (problem) {
      if (!signal.aborted) {
        this.status.textContent = say("find.failed", { reason: explainProblem(problem) });
      }
      return last;
    }
  }

  confirm(option) {
    if (option.create) {
      this.add({ fields: { "/name": option.create, "/id": suggestId(option.create) } }, true);
    } else {
      this.add({ id: option.id, name: option.name, about: option.about }, true);
    }
    this.onChange();
  }

  clearInput() {
    const input = this.input;
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  add(given, focus = false) {
    clearField(this.fieldset);
    this.status.textContent = "";
    const item = given.fields ? new NewItem(this, given) : new KnownItem(this, given);
    this.items.push(item);
    this.list.append(item.element);
    this.updateVisibility();
    if (given.fields) item.initialize(given);
    if (!focus) return;
    if (given.fields) this.focusSoon(item.element.querySelector("input"));
    else {
      this.status.textContent = say("picked", { name: item.name });
      if (!this.isMultiple) this.focusSoon(item.element.querySelector("button"));
    }
  }

  // Moves the focus after the library has finished, unless the user has moved it to another field.
  focusSoon(element) {
    setTimeout(() => {
      const active = document.activeElement;
      if (active === document.body || this.fieldset.contains(active)) element.focus();
    }, 0);
  }

  remove(item) {
    this.items = this.items.filter((each) => each !== item);
    item.element.remove();
    this.updateVisibility();
    this.status.textContent = say("removed", { name: item.name });
    this.input.focus();
    this.onChange();
  }

  updateVisibility() {
    this.list.hidden = !this.items.length;
    this.finder.hidden = !this.isMultiple && this.items.length > 0;
  }

  reset() {
    for (const item of this.items) item.element.remove();
    this.items = [];
    this.status.textContent = "";
    this.updateVisibility();
    if (this.input.value) this.clearInput();
  }

  // Returns the value for the body, and stores every field by its pointer.
  collect(pointer, fields) {
    fields.set(pointer, this.fieldset);
    const values = this.items.map((item, index) =>
      item.collect(this.isMultiple ? `${pointer}/${index}` : pointer, fields),
    );
    if (!values.length) return undefined;
    return this.isMultiple ? values : values[0];
  }

  get state() {
    return this.items.map((item) => item.state);
  }

  set state(items) {
    this.reset();
    for (const each of items) this.add(each);
  }
}

// A recorded entity: the report contains only its id.
class KnownItem {
  constructor(picker, { id, name, about }) {
    Object.assign(this, { picker, id, name, about });
    const label = picker.isMultiple ? say("remove", { name }) : say("change");
    this.element = el(
      "li",
      { id: `${picker.fieldset.id}-${nextSerial()}` },
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

// An entity that this report describes for the first time.
class NewItem {
  constructor(picker) {
    this.picker = picker;
    this.fields = new Map();
    this.element = copyTemplate(`new-${picker.kind}`, "NEW", `${picker.fieldset.id}-${nextSerial()}`);
  }

  initialize({ fields, parent }) {
    const element = this.element;
    for (const field of element.querySelectorAll("[data-at]:not(.picker)")) {
      this.fields.set(field.dataset.at, field);
      const given = fields[field.dataset.at];
      if (field.type === "checkbox") field.checked = given === true;
      else field.value = given ?? "";
    }
    const [name, id] = [this.fields.get("/name"), this.fields.get("/id")];
    let isIdEdited = id.value !== suggestId(name.value);
    id.addEventListener("input", () => { isIdEdited = id.value !== ""; });
    name.addEventListener("input", () => {
      if (!isIdEdited) id.value = suggestId(name.value);
      this.updateLabel();
    });
    const nested = element.querySelector(".picker");
    this.parent = nested && createPicker(nested, this.picker.onChange);
    if (parent) this.parent.add(parent);
    element.querySelector(":scope > fieldset > .remove").addEventListener("click", () => {
      if (nested) pickers.delete(nested);
      this.picker.remove(this);
    });
    this.updateLabel();
  }

  updateLabel() {
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

// Makes the fieldset a picker; `onChange` is called when an item is added or removed.
export function createPicker(fieldset, onChange) {
  const picker = new Picker(fieldset, onChange);
  pickers.set(fieldset, picker);
  return picker;
}
