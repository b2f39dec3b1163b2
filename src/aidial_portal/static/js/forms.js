// @ts-check
/** Buttons that ask the API, forms that are sent once, and the summary of errors. */
import { send } from "./http.js";
import { _ } from "./words.js";

/** @param {HTMLButtonElement} button */
async function ask(button) {
  const url = button.dataset.post ?? button.dataset.delete ?? "";
  const place = button.closest("section")?.querySelector("[data-post-error]");
  button.disabled = true;
  const answer = await send(url, button.dataset.post ? "POST" : "DELETE").catch(() => null);
  const signOut = document.getElementById("sign-out");
  if (answer?.ok && button.dataset.then === "sign-out" && signOut instanceof HTMLFormElement) return signOut.requestSubmit();
  if (answer?.ok) return location.reload();
  button.disabled = false;
  if (!(place instanceof HTMLElement)) return;
  const id = answer?.headers.get("X-Request-Id");
  place.textContent = `${_("That did not work. Try again in a minute.")}${id ? ` ${_("Request id {id}", { id })}` : ""}`;
  place.hidden = false;
}

export function startForms() {
  document.addEventListener("click", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    const button = at?.closest("button[data-post], button[data-delete]");
    if (button instanceof HTMLButtonElement) void ask(button);
    const opener = at?.closest("[data-open-dialog]");
    const dialog = opener instanceof HTMLElement ? document.getElementById(opener.dataset.openDialog ?? "") : null;
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  });
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", () => form.querySelector("button[type=submit]")?.setAttribute("disabled", ""));
  }
  // A form that leaves its empty fields out keeps the address readable.
  document.addEventListener("submit", (event) => {
    if (!(event.target instanceof HTMLFormElement) || event.target.method !== "get" || event.target.dataset.json !== undefined) return;
    for (const field of event.target.querySelectorAll("input, select")) {
      if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && field.value === "") field.disabled = true;
    }
  });
  // Coming back from the browser's cache finds the fields usable again.
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form [disabled]")) field.removeAttribute("disabled");
  });
  const summary = document.querySelector("[data-error-summary]");
  if (summary instanceof HTMLElement) summary.focus();
}
