// @ts-check
/** The consent notice as callers would hear it: the chosen template, and the customer's own words after it. */

/** @param {HTMLFormElement} form */
function preview(form) {
  const template = form.querySelector("[data-notice-template]");
  const own = form.elements.namedItem("value/appendix");
  const chosen = template instanceof HTMLSelectElement ? template.selectedOptions[0] : null;
  if (!chosen || !(own instanceof HTMLTextAreaElement)) return;
  const words = { collection: chosen.dataset.collection ?? "", consent: `${chosen.dataset.consent} ${own.value.trim()}`.trim() };
  for (const place of form.querySelectorAll("[data-notice]")) {
    if (place instanceof HTMLElement) place.textContent = words[/** @type {"collection" | "consent"} */ (place.dataset.notice)];
  }
}

/** @param {HTMLFormElement} form */
export function startNotices(form) {
  for (const kind of ["input", "filled"]) form.addEventListener(kind, () => preview(form));
  // What was typed before this was there to hear it.
  preview(form);
}
