// @ts-check
/** ? says which keys there are; j and k walk the rows of a list; Enter opens (it is a link); Load more keeps one's place. */
import { announce, isTyping } from "./http.js";
import { _ } from "./words.js";

/** @param {HTMLElement} table @returns {HTMLElement[]} */
const rowsOf = (table) => /** @type {HTMLElement[]} */ ([...table.querySelectorAll(".row-item")]);

/** @param {HTMLElement} table @param {HTMLElement | undefined} row */
function stand(table, row) {
  if (!row) return;
  for (const other of rowsOf(table)) other.classList.toggle("is-current", other === row);
  row.querySelector("a, summary")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** The keys of this page, in a dialog that is made when somebody asks. */
function showKeys() {
  const packed = document.getElementById("keys-help");
  if (!(packed instanceof HTMLTemplateElement)) return;
  const dialog = packed.content.querySelector("dialog")?.cloneNode(true);
  if (!(dialog instanceof HTMLDialogElement)) return;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {HTMLElement} table */
function wire(table) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping() || document.querySelector("dialog[open]")) return;
    if (event.key !== "j" && event.key !== "k") return;
    event.preventDefault();
    const rows = rowsOf(table);
    const at = rows.findIndex((row) => row.classList.contains("is-current"));
    const next = event.key === "j" ? at + 1 : at - 1;
    stand(table, rows[Math.max(0, Math.min(next, rows.length - 1))]);
  });
  table.addEventListener("focusin", (event) => {
    const row = event.target instanceof Element ? event.target.closest(".row-item") : null;
    if (row) for (const other of rowsOf(table)) other.classList.toggle("is-current", other === row);
  });
  let before = rowsOf(table).length;
  document.body.addEventListener("htmx:beforeRequest", () => { before = rowsOf(table).length; });
  document.body.addEventListener("htmx:afterSettle", () => {
    const rows = rowsOf(table);
    if (rows.length <= before) return;
    rows[before].querySelector("a, summary")?.focus({ preventScroll: true });
    announce(_("{count} more {things}", { count: rows.length - before, things: table.dataset.keys || _("calls") }));
  });
}

export function startTableKeys() {
  document.querySelector("[data-open-keys]")?.addEventListener("click", showKeys);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || isTyping() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    showKeys();
  });
  for (const table of document.querySelectorAll("[data-keys]")) if (table instanceof HTMLElement) wire(table);
}
