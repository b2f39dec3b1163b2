// @ts-check
/** j and k walk the rows of a list; Enter opens (it is a link); Load more keeps one's place. */
import { announce, isTyping } from "./http.js";

/** @param {HTMLElement} table @returns {HTMLElement[]} */
const rowsOf = (table) => /** @type {HTMLElement[]} */ ([...table.querySelectorAll(".row-item")]);

/** @param {HTMLElement} table @param {HTMLElement | undefined} row */
function stand(table, row) {
  if (!row) return;
  for (const other of rowsOf(table)) other.classList.toggle("is-current", other === row);
  row.querySelector("a, summary")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
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
    announce(`${rows.length - before} more ${table.dataset.keys || "calls"}`);
  });
}

export function startTableKeys() {
  for (const table of document.querySelectorAll("[data-keys]")) if (table instanceof HTMLElement) wire(table);
}
