// @ts-check
/**
 * Forms over one version of a document: `<form data-json="/api/..." data-versioned="working">`.
 *
 * Saved, they go on from the new version. When somebody else was first (409 `version_conflict`), theirs and mine
 * stand side by side, member by member, and what is chosen is saved over theirs. What they changed in another
 * card of the same document collides with nothing: it is drawn there, and mine is saved. The document is read from
 * `data-document`, else from the address it is sent to; `data-versioned` is the member of it that the form's `value/...` fields hold.
 * A field with `data-carried` is sent because the document is saved whole, and is changed elsewhere: it holds what is saved.
 * `data-base` (JSON) is what was saved when the page was drawn, where the fields begin with something else.
 */
import { fill, isRanges, rangesText } from "./field-values.js";
import { announce } from "./http.js";
import { bodyOf, summary } from "./json-forms.js";
import { setRows } from "./rows.js";
import { _ } from "./words.js";

/** @typedef {Record<string, unknown>} Value */

/** @type {WeakMap<HTMLFormElement, Value>} What each form held when it was last in step with the server. */
const known = new WeakMap();

/** @param {Value} value @param {string} [at] @returns {Value} Its members, those of objects by their path: `sms_summary/enabled`. */
const flat = (value, at = "") =>
  Object.assign({}, ...Object.entries(value).map(([name, one]) =>
    one && typeof one === "object" && !Array.isArray(one) ? flat(/** @type {Value} */ (one), `${at}${name}/`) : { [at + name]: one }));

/** @param {HTMLFormElement} form @returns {Value} */
const valueOf = (form) => flat(/** @type {any} */ (bodyOf(form)).value ?? {});

/** @param {unknown} value @returns {string} One text for equal values: nothing, null and "" are equal. */
const said = (value) =>
  Array.isArray(value)
    ? `[${value.map(said).join(",")}]`
    : value && typeof value === "object"
      ? `{${Object.entries(value).sort().map(([name, one]) => `${name}:${said(one)}`).join(",")}}`
      : JSON.stringify(value === undefined || value === "" ? null : value);

/** @param {HTMLFormElement} form @param {string} member */
const groupOf = (form, member) =>
  /** @type {HTMLElement | undefined} */ ([...form.querySelectorAll("[data-rows]")].find((one) => one instanceof HTMLElement && one.dataset.rows === `value/${member}`));

/** @param {HTMLFormElement} form @param {string} member */
const fieldOf = (form, member) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(`value/${member}`));

/** @param {HTMLFormElement} form @param {string} member @param {unknown} value */
function put(form, member, value) {
  const group = groupOf(form, member);
  const field = fieldOf(form, member);
  if (group) setRows(group, Array.isArray(value) ? value : []);
  else if (field) fill(field, value);
}

/** @param {HTMLFormElement} form @param {number} version */
function setVersion(form, version) {
  const field = form.elements.namedItem("expected_version");
  if (field instanceof HTMLInputElement) field.value = String(version);
}

/** @param {HTMLFormElement} form @param {string} member */
const isCarried = (form, member) => fieldOf(form, member)?.dataset.carried !== undefined;

/** @param {HTMLFormElement} form @param {any} now The document as it is now: what was typed here is of that version from now on. */
function goOnFrom(form, now) {
  for (const [member, one] of Object.entries(flat(now[form.dataset.versioned ?? ""]))) if (isCarried(form, member)) put(form, member, one);
  setVersion(form, now.version);
}

/** @param {HTMLFormElement} form @param {any} body */
function inStep(form, body) {
  const value = flat(body[form.dataset.versioned ?? ""]);
  for (const [member, one] of Object.entries(value)) put(form, member, one);
  setVersion(form, body.version);
  for (const box of form.querySelectorAll("input[type=checkbox]")) {
    const member = box instanceof HTMLInputElement ? box.name.replace(/^value\//, "") : "";
    if (box instanceof HTMLInputElement && !(member in value)) box.checked = false;
  }
  delete form.dataset.changed;
  known.set(form, valueOf(form));
}

/** @param {HTMLFormElement} form @param {string} text */
function tell(form, text) {
  const place = form.querySelector("[data-saved]");
  if (place) place.textContent = text;
  announce(text);
}

/** What else stands on the page after a save, as the server draws it: what callers meet, what follows from a choice. */
async function redraw() {
  const places = [...document.querySelectorAll("[data-redrawn]")];
  if (places.length === 0) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  const text = answer?.ok ? await answer.text().catch(() => "") : "";
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const place of places) {
    const drawn = page.querySelector(`[data-redrawn="${place.getAttribute("data-redrawn")}"]`);
    if (drawn) place.replaceWith(document.importNode(drawn, true));
  }
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} [text] @param {string} [kind] */
function made(tag, text = "", kind = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  if (kind) one.className = kind;
  return one;
}

/** @param {unknown} value @param {HTMLElement | null} field What it stands in: a choice is shown by its words, nothing by `data-none`. */
function shown(value, field) {
  if (!Array.isArray(value)) {
    const option = field instanceof HTMLSelectElement ? [...field.options].find((one) => one.value === (value ?? "")) : null;
    if (option) return made("span", option.text);
    return made("span", value === true ? _("Yes") : value === false ? _("No") : said(value) === "null" ? field?.dataset.none ?? _("Not given") : String(value));
  }
  if (value.length === 0) return made("span", _("None"));
  if (isRanges(value)) return made("span", rangesText(/** @type {any} */ (value)));
  const list = made("ul");
  for (const one of value) {
    const words = one && typeof one === "object" ? Object.values(one).map((part) => (isRanges(part) ? rangesText(part) : part)).filter((part) => part && part !== true).join(" · ") : String(one);
    list.append(made("li", words));
  }
  return list;
}

/** @param {HTMLFormElement} form @param {string} member */
const labelOf = (form, member) => (groupOf(form, member) ?? fieldOf(form, member))?.dataset.label ?? member;

/** @param {string} member @param {"theirs" | "mine"} side @param {unknown} value @param {boolean} chosen @param {string} label @param {HTMLElement | null} field */
function choice(member, side, value, chosen, label, field) {
  const cell = made("td");
  const box = made("label", "", "tick");
  const radio = made("input");
  radio.type = "radio";
  radio.name = `keep ${member}`;
  radio.value = side;
  radio.checked = chosen;
  const words = shown(value, field);
  words.prepend(Object.assign(made("span", `${label}, ${side === "mine" ? _("yours") : _("theirs")}: `, "visually-hidden")));
  box.append(radio, words);
  cell.append(box);
  return cell;
}

/** @param {HTMLFormElement} form @param {Value} saved @param {Value} other @returns {string[]} The members that this form changes and in which the two differ. */
const differing = (form, saved, other) =>
  Object.keys(saved).filter((member) => (fieldOf(form, member) || groupOf(form, member)) && !isCarried(form, member) && said(saved[member]) !== said(other[member]));

/** @param {HTMLFormElement} form @param {any} now The document as it is now. @param {string | undefined} by Who made it so. */
function followedBy(form, now, by) {
  // The cards of one document have one version. One that holds what is saved goes on from it, with what was typed
  // into it; one that nobody touched shows what is saved; any other keeps its version, and is compared when it is sent.
  if (!form.dataset.document) return;
  const saved = flat(now[form.dataset.versioned ?? ""]);
  for (const other of document.querySelectorAll("form[data-versioned]")) {
    if (!(other instanceof HTMLFormElement) || other === form || other.dataset.document !== form.dataset.document) continue;
    const held = known.get(other) ?? {};
    if (differing(other, saved, held).length === 0) goOnFrom(other, now);
    else if (other.dataset.changed === undefined && differing(other, valueOf(other), held).length === 0) {
      inStep(other, now);
      const place = other.querySelector("[data-saved]");
      if (place) place.textContent = by ? _("{name} saved this meanwhile", { name: by }) : _("Somebody saved this meanwhile");
    }
  }
}

/** @param {HTMLFormElement} form @param {any} now What is saved, and stays as it is. @param {string} text */
function settle(form, now, text) {
  inStep(form, now);
  // A form that leads on when it is saved leads there.
  if (form.dataset.then?.startsWith("/")) return location.assign(form.dataset.then);
  tell(form, text);
}

/** @param {HTMLFormElement} form @param {any} theirs The document as it is now. */
function compare(form, theirs) {
  const saved = flat(theirs[form.dataset.versioned ?? ""]);
  const mine = valueOf(form);
  const base = known.get(form) ?? {};
  const members = differing(form, saved, mine);
  followedBy(form, theirs, theirs.last_changed?.by);
  if (members.length === 0) {
    return settle(form, theirs, _("Saved already, as you have it"));
  }
  if (differing(form, saved, base).length === 0) {
    goOnFrom(form, theirs);
    return form.requestSubmit();
  }
  const panel = made("section", "", "conflict");
  panel.tabIndex = -1;
  panel.setAttribute("aria-labelledby", "conflict-title");
  panel.dataset.conflict = "";
  const head = made("h3", _("Somebody saved this while you were changing it"));
  head.id = "conflict-title";
  const by = theirs.last_changed?.by;
  const told = made("p", `${by ? _("{name} saved it after you opened this page.", { name: by }) : _("It was saved after you opened this page.")} ${_("Nothing of yours is saved yet. Choose what to keep.")}`);
  const table = made("table", "", "table");
  const top = table.createTHead().insertRow();
  for (const word of [_("What"), _("Theirs"), _("Yours")]) top.append(Object.assign(made("th", word), { scope: "col" }));
  const rows = table.createTBody();
  for (const member of members) {
    const row = rows.insertRow();
    const label = labelOf(form, member);
    // What only they touched is theirs; what I touched is mine, until I say otherwise.
    const touched = said(mine[member]) !== said(base[member]);
    const both = touched && said(saved[member]) !== said(base[member]);
    const what = Object.assign(made("th", label), { scope: "row" });
    what.append(made("span", both ? _("You both changed this") : touched ? _("Only you changed this") : _("Only they changed this"), "small quiet whose"));
    const field = fieldOf(form, member);
    row.append(what, choice(member, "theirs", saved[member], !touched, label, field), choice(member, "mine", mine[member], touched, label, field));
  }
  const actions = made("div", "", "row");
  const keep = Object.assign(made("button", _("Save these choices"), "button button-primary"), { type: "button" });
  const drop = Object.assign(made("button", _("Drop mine"), "button"), { type: "button" });
  keep.addEventListener("click", () => {
    for (const radio of panel.querySelectorAll("input:checked")) {
      if (!(radio instanceof HTMLInputElement) || radio.value !== "theirs") continue;
      const member = radio.name.slice("keep ".length);
      put(form, member, saved[member]);
    }
    goOnFrom(form, theirs);
    panel.remove();
    form.requestSubmit();
  });
  drop.addEventListener("click", () => {
    panel.remove();
    settle(form, theirs, _("This is what is saved now"));
    if (form.elements[1] instanceof HTMLElement) form.elements[1].focus();
  });
  actions.append(keep, drop);
  panel.append(head, told, table, actions);
  form.parentElement?.querySelector("[data-conflict]")?.remove();
  form.before(panel);
  panel.focus();
}

/** @param {HTMLFormElement} form @param {string} message */
async function resolve(form, message) {
  const answer = await fetch(form.dataset.document ?? form.dataset.json ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
  const theirs = answer?.ok ? await answer.json().catch(() => null) : null;
  if (theirs) return compare(form, theirs);
  summary(form, _("That was not saved"), [{ text: message }], answer?.headers.get("X-Request-Id") ?? null);
}

export function startVersions() {
  for (const form of document.querySelectorAll("form[data-versioned]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    known.set(form, { ...valueOf(form), ...JSON.parse(form.dataset.base ?? "{}") });
    form.addEventListener("json-sent", (event) => {
      const saved = /** @type {CustomEvent} */ (event).detail;
      inStep(form, saved);
      tell(form, _("Saved just now"));
      void redraw();
      followedBy(form, saved, undefined);
    });
    form.addEventListener("json-refused", (event) => {
      const { error } = /** @type {CustomEvent} */ (event).detail;
      if (error.code !== "version_conflict") return;
      event.preventDefault();
      void resolve(form, error.message);
    });
    form.addEventListener("input", () => {
      const place = form.querySelector("[data-saved]");
      if (place) place.textContent = _("Not saved yet");
    });
  }
}
