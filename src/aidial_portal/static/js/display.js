// @ts-check
/**
 * How lists look in this browser: high or low rows, and the columns of calls. Shown at once, and remembered by the
 * address that a form without scripts would go to.
 */

/** @type {Promise<unknown>} What is remembered last was chosen last. */
let remembered = Promise.resolve();

/** @param {HTMLFormElement} form @param {HTMLElement | null} pressed */
function choose(form, pressed) {
  const chosen = new FormData(form, pressed);
  const rows = chosen.get("rows");
  if (rows === "compact") document.documentElement.dataset.density = rows;
  else if (rows) delete document.documentElement.dataset.density;
  for (const button of rows ? form.querySelectorAll("[name=rows]") : []) {
    button.setAttribute("aria-pressed", String(button instanceof HTMLButtonElement && button.value === rows));
  }
  for (const name of String(chosen.get("of") ?? "").split(".").filter(Boolean)) {
    document.querySelector(".calls-table")?.classList.toggle(`without-${name}`, !chosen.has(name));
  }
  const url = `${form.getAttribute("action")}?${new URLSearchParams(/** @type {any} */ (chosen))}`;
  remembered = remembered.then(() => fetch(url, { redirect: "manual", keepalive: true }).catch(() => {}));
}

/** @param {EventTarget | null} target @returns {HTMLFormElement | null} */
function displayForm(target) {
  const form = target instanceof Element ? target.closest("form[data-display]") : null;
  return form instanceof HTMLFormElement ? form : null;
}

export function startDisplay() {
  document.addEventListener("change", (event) => {
    const form = displayForm(event.target);
    if (form) choose(form, null);
  });
  document.addEventListener("submit", (event) => {
    const form = displayForm(event.target);
    if (!form) return;
    event.preventDefault();
    choose(form, event.submitter);
  });
}
