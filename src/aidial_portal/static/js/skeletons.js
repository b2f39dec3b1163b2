// @ts-check
/**
 * Rows that stand in for those on their way, where "Load more" takes longer than a moment. As many as a page has,
 * as high as the last one and below the button, so that nothing moves when the real ones take their place.
 */

const A_MOMENT_MS = 150;
/** @type {Map<Element, () => void>} The buttons that wait, and what ends it. */
const waiting = new Map();
/** @type {WeakMap<Element, number>} How many rows the page brought. */
const sizes = new WeakMap();

/** @param {HTMLTableElement} table @param {HTMLElement} last */
function skeleton(table, last) {
  const row = document.createElement("tr");
  row.className = "skeleton-row";
  row.setAttribute("aria-hidden", "true");
  row.style.setProperty("--row", `${last.offsetHeight}px`);
  // One cell: narrow tables stack theirs, and each would be as high as the row.
  const cell = row.insertCell();
  cell.className = "skeleton-cell";
  cell.colSpan = table.tHead?.rows[0]?.cells.length ?? 1;
  cell.append(Object.assign(document.createElement("div"), { className: "skeleton" }));
  return row;
}

/** @param {Element} button */
function wait(button) {
  const more = button.closest("tr");
  const table = more?.closest("table");
  const rows = table?.querySelectorAll(".row-item");
  const last = rows?.[rows.length - 1];
  if (!more || !table || !rows || !(last instanceof HTMLElement)) return;
  // Only calls have cards whose height is known.
  if (getComputedStyle(last).display !== "table-row" && !table.matches(".calls-table")) return;
  const size = sizes.get(table) ?? rows.length;
  sizes.set(table, size);
  /** @type {HTMLElement[]} */
  let standing = [];
  const timer = setTimeout(() => {
    standing = Array.from({ length: size }, () => skeleton(table, last));
    more.after(...standing);
    table.setAttribute("aria-busy", "true");
  }, A_MOMENT_MS);
  waiting.set(button, () => {
    clearTimeout(timer);
    for (const row of standing) row.remove();
    table.removeAttribute("aria-busy");
    waiting.delete(button);
  });
}

export function startSkeletons() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event instanceof CustomEvent ? event.detail.elt : null;
    if (button instanceof Element && button.matches("[data-load-more]")) wait(button);
  });
  // Before what came is put in, and whenever a request is over, however it ended.
  for (const over of ["htmx:beforeSwap", "htmx:afterRequest"]) {
    document.addEventListener(over, (event) => {
      if (event instanceof CustomEvent) waiting.get(event.detail.requestConfig?.elt)?.();
    });
  }
}
