// @ts-check
/**
 * What htmx asks for and does not get: a sentence beside what was pressed says why and what to do next, and it can be
 * pressed again. A session that ended takes the whole page to where that leads.
 */
import { announce } from "./http.js";
import { leave } from "./session-watch.js";
import { _ } from "./words.js";

/** @typedef {{ elt: Element, xhr: XMLHttpRequest, pathInfo: { requestPath: string } }} Asked */

/** @param {XMLHttpRequest} answer @returns {string[]} Sentences. */
function reasons(answer) {
  if (answer.status === 0) return [_("The portal did not answer. Check your connection and try again.")];
  if (answer.status === 429) {
    const seconds = answer.getResponseHeader("Retry-After") ?? 60;
    return [_("This was asked for more often than the system allows."), _("Try again in {seconds} s.", { seconds })];
  }
  if (answer.status < 500) return [_("The list has changed since it was loaded, so it does not go on from here.")];
  const id = answer.getResponseHeader("X-Request-Id");
  const said = _("That did not work. Try again in a minute.");
  return id ? [said, _("Request id {id}", { id })] : [said];
}

/** This list from its beginning; the page itself says whatever else may be wrong. */
function listLink() {
  const url = new URL(location.href);
  url.searchParams.delete("cursor");
  url.hash = "";
  const link = document.createElement("a");
  link.href = url.href;
  link.textContent = _("Reload the list");
  return link;
}

/** @param {Element} asker */
function forget(asker) {
  if (!asker.nextElementSibling?.matches("[data-request-error]")) return;
  asker.nextElementSibling.remove();
  // The same words again would not be heard.
  announce("");
}

/** @param {Event} event */
function failed(event) {
  const { elt, xhr } = /** @type {CustomEvent<Asked>} */ (event).detail;
  forget(elt);
  const note = document.createElement("p");
  note.className = "field-error request-error";
  note.dataset.requestError = "";
  note.append(reasons(xhr).join(" "));
  if (xhr.status >= 400 && xhr.status < 500 && xhr.status !== 429) note.append(" ", listLink());
  elt.after(note);
  announce(note.textContent ?? "");
}

/** @param {Event} event An answer from elsewhere is a page of its own: to sign in, or why the session ended. */
function arrived(event) {
  const { xhr, pathInfo } = /** @type {CustomEvent<Asked>} */ (event).detail;
  const from = new URL(xhr.responseURL || location.href);
  if (from.pathname === new URL(pathInfo.requestPath, location.href).pathname) return;
  event.preventDefault();
  if (from.pathname === "/sign-in") leave();
  else location.assign(from.href);
}

export function startRequests() {
  document.addEventListener("htmx:beforeRequest", (event) => forget(/** @type {CustomEvent<Asked>} */ (event).detail.elt));
  document.addEventListener("htmx:beforeSwap", arrived);
  for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, failed);
}
