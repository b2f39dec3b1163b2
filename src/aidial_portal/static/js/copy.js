// @ts-check
/** Copies a text that stands on the page; the button says so itself. */
import { _ } from "./words.js";

export function startCopy() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (!(button instanceof HTMLElement)) return;
    const text = document.getElementById(button.dataset.copy ?? "")?.textContent?.trim() ?? "";
    navigator.clipboard.writeText(text).then(
      () => {
        const label = button.getAttribute("aria-label") ?? _("Copy");
        button.setAttribute("aria-label", _("Copied"));
        button.classList.add("tone-good");
        setTimeout(() => {
          button.setAttribute("aria-label", label);
          button.classList.remove("tone-good");
        }, 2000);
      },
      () => window.getSelection()?.selectAllChildren(document.getElementById(button.dataset.copy ?? "") ?? button),
    );
  });
}
