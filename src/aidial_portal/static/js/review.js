// @ts-check
/**
 * Opens a call's review under its row without leaving the list. The address is the same as without a script
 * (`?expand=`), so back, reload and a new tab work; a failed request falls back to following the link.
 */
import { isTyping } from "./http.js";

/** @param {string} callId @returns {HTMLElement | null} */
const rowOf = (callId) => document.querySelector(`[data-call="${CSS.escape(callId)}"]`);

function closeOpen() {
  document.querySelector("tr.review-row")?.remove();
  document.querySelector(".review-alone")?.remove();
  const row = document.querySelector(".row-item.is-open");
  row?.classList.remove("is-open");
  row?.querySelector("[data-row-link]")?.setAttribute("aria-expanded", "false");
  return row;
}

/** @param {HTMLElement} row @param {string} url @returns {Promise<boolean>} */
async function open(row, url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return false;
  const html = await answer.text();
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const panel = holder.content.querySelector(".review");
  if (!panel) return false;
  closeOpen();
  const under = document.createElement("tr");
  under.className = "review-row";
  under.setAttribute("role", "row");
  const cell = document.createElement("td");
  cell.colSpan = row.children.length;
  cell.setAttribute("role", "cell");
  cell.append(panel);
  under.append(cell);
  row.after(under);
  row.classList.add("is-open");
  row.querySelector("[data-row-link]")?.setAttribute("aria-expanded", "true");
  return true;
}

/** The list's address without an open call. */
function listUrl() {
  const url = new URL(location.href);
  url.searchParams.delete("expand");
  url.searchParams.delete("turns");
  return url.pathname + url.search;
}

/** The call that an address opens, on its list. How far it is read (`turns`) and a place on the page (`#`) are neither. */
function place() {
  return `${new URL(location.href).searchParams.get("expand") ?? ""} ${listUrl()}`;
}
/** Where this page is, so far as it is known here. */
let at = place();

/** @param {string | URL} url */
function goOn(url) {
  history.pushState(null, "", url);
  at = place();
}

function close() {
  const row = closeOpen();
  goOn(listUrl());
  const link = row?.querySelector("[data-row-link]");
  if (link instanceof HTMLElement) link.focus({ preventScroll: true });
}

/** @param {HTMLAnchorElement} link */
function toggle(link) {
  const row = link.closest(".row-item");
  if (!(row instanceof HTMLElement)) return;
  if (row.classList.contains("is-open")) return close();
  const url = new URL(listUrl(), location.origin);
  url.searchParams.set("expand", row.dataset.call ?? "");
  open(row, url.href).then(
    (isOpen) => (isOpen ? goOn(url) : location.assign(link.href)),
    () => location.assign(link.href),
  );
}

export function startReview() {
  document.addEventListener("click", (event) => {
    if (!(event instanceof MouseEvent) || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const pressed = event.target instanceof Element ? event.target : null;
    // Rows of other lists are links and nothing more.
    const link = pressed?.closest("[data-call] a[data-row-link]");
    if (link instanceof HTMLAnchorElement) {
      event.preventDefault();
      toggle(link);
    } else if (pressed?.closest("[data-close-review]") && pressed.closest(".review-row")) {
      event.preventDefault();
      close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || isTyping() || document.querySelector("dialog[open], details.menu[open]")) return;
    if (document.querySelector("tr.review-row")) close();
  });
  window.addEventListener("popstate", () => {
    // A link to a place on the page comes here too, and changes nothing.
    if (place() === at) return;
    at = place();
    const callId = new URL(location.href).searchParams.get("expand");
    if (!callId) return void closeOpen();
    const row = rowOf(callId);
    // A call that is not on this page of the list is shown above it, by the server.
    if (!row) return location.reload();
    void open(row, location.href).then((isOpen) => isOpen || location.reload());
  });
}
