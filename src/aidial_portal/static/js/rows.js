// @ts-check
/**
 * Lists in a form: rows that are added and removed, `<fieldset data-rows="value/entries">` with a template.
 *
 * The names of its fields hold their place (`value/entries/0/cidr`), so rows are numbered anew after every change.
 */
import { fill } from "./field-values.js";
import { announce } from "./http.js";
import { _ } from "./words.js";

/** @param {Element} group @returns {HTMLElement[]} */
const rowsOf = (group) => /** @type {HTMLElement[]} */ ([...group.querySelectorAll("[data-row-list] > [data-row]")]);

/** @param {Element} row @returns {HTMLInputElement[]} */
const fieldsOf = (row) => /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll("[name]")]);

/** @param {HTMLElement} group */
function number(group) {
  const base = group.dataset.rows ?? "";
  rowsOf(group).forEach((row, index) => {
    for (const field of fieldsOf(row)) {
      const label = field.labels?.[0];
      field.name = `${base}/${index}/${field.name.slice(base.length + 1).split("/").slice(1).join("/")}`;
      field.id = field.name.replaceAll("/", "-");
      if (label instanceof HTMLLabelElement) label.htmlFor = field.id;
    }
  });
  const none = group.querySelector("[data-no-rows]");
  if (none instanceof HTMLElement) none.hidden = rowsOf(group).length > 0;
}

/** @param {HTMLElement} group @param {Record<string, unknown>} values */
function append(group, values) {
  const template = group.querySelector("[data-row-template]");
  const list = group.querySelector("[data-row-list]");
  if (!(template instanceof HTMLTemplateElement) || !list) return null;
  list.append(template.content.cloneNode(true));
  const row = rowsOf(group).at(-1) ?? null;
  for (const field of row ? fieldsOf(row) : []) fill(field, values[field.name.split("/").at(-1) ?? ""]);
  return row;
}

/** @param {HTMLElement} group @param {Record<string, unknown>[]} values What the list holds from now on. */
export function setRows(group, values) {
  group.querySelector("[data-row-list]")?.replaceChildren();
  for (const one of values) append(group, one);
  number(group);
}

/** @param {HTMLElement} group */
const changed = (group) => group.dispatchEvent(new Event("input", { bubbles: true }));

/** @param {HTMLElement} group @param {HTMLElement} button */
function add(group, button) {
  const row = append(group, JSON.parse(button.dataset.addRow || "{}"));
  number(group);
  changed(group);
  if (row) fieldsOf(row).find((field) => field.value === "")?.focus();
  if (row && !row.contains(document.activeElement)) fieldsOf(row)[0]?.focus();
}

/** @param {HTMLElement} group @param {HTMLElement} row */
function remove(group, row) {
  const at = rowsOf(group).indexOf(row);
  const name = fieldsOf(row)[0]?.value;
  row.remove();
  number(group);
  changed(group);
  // The focus stays where the work is: the row that moved up, else the one above, else the button that adds.
  const left = rowsOf(group);
  const next = (left[at] ?? left.at(-1))?.querySelector("[data-remove-row]") ?? group.querySelector("[data-add-row]");
  if (next instanceof HTMLElement) next.focus();
  announce(name ? _("Removed {name}", { name }) : _("Removed"));
}

export function startRows() {
  for (const group of document.querySelectorAll("[data-rows]")) {
    if (!(group instanceof HTMLElement)) continue;
    group.addEventListener("click", (event) => {
      const at = event.target instanceof Element ? event.target : null;
      const adder = at?.closest("[data-add-row]");
      const row = at?.closest("[data-remove-row]")?.closest("[data-row]");
      if (adder instanceof HTMLElement) add(group, adder);
      else if (row instanceof HTMLElement) remove(group, row);
    });
  }
}
