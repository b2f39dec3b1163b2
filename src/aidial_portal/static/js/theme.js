// @ts-check
/** The theme is a cookie, so that the server draws the right one at once and nothing flashes. */

const YEAR_S = 31_536_000;

/** @param {string} choice system, light or dark */
export function setTheme(choice) {
  if (choice === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = choice;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `aidial.theme=${choice}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button instanceof HTMLElement && button.dataset.themeChoice === choice));
  }
}

export function startTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    if (button instanceof HTMLElement) button.addEventListener("click", () => setTheme(button.dataset.themeChoice ?? "system"));
  }
}
