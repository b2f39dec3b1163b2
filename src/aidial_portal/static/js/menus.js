// @ts-check
/** Menus are details elements; this closes them when expected and adds arrow keys, search and recent projects. */

const RECENT = "aidial.recent-projects";
const MOST_RECENT = 3;

/** @param {HTMLDetailsElement} menu @returns {HTMLElement[]} */
const itemsOf = (menu) =>
  [...menu.querySelectorAll("[data-menu-item]")].filter(
    /** @returns {item is HTMLElement} */ (item) => item instanceof HTMLElement && !item.hidden,
  );

/** @param {HTMLDetailsElement} menu @param {KeyboardEvent} event */
function onKey(menu, event) {
  if (event.key === "Escape") {
    if (!menu.open) return;
    // One press closes one thing: what the menu stands in, or above, stays open.
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const items = itemsOf(menu);
  if (!menu.open || items.length === 0 || event.target instanceof HTMLSelectElement) return;
  event.preventDefault();
  const at = items.findIndex((item) => item === document.activeElement);
  const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? items.length - 1 : at - 1;
  items[(next + items.length) % items.length].focus();
}

/** @returns {string[]} */
function recentProjects() {
  try {
    const stored = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** @param {HTMLDetailsElement} menu */
function startSwitcher(menu) {
  const box = menu.querySelector("[data-menu-search]");
  const field = box?.querySelector("input");
  const projects = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[data-project]")]);
  const none = menu.querySelector("[data-menu-none]");
  const place = menu.querySelector("[data-recent]");
  const list = menu.querySelector("[data-recent-list]");
  if (!(box instanceof HTMLElement) || !field || !(place instanceof HTMLElement) || !list) return;

  box.hidden = projects.length < 6;
  const recent = recentProjects();
  const known = recent.flatMap((id) => projects.filter((item) => item.dataset.project === id)).slice(0, MOST_RECENT);
  if (projects.length >= 6 && known.length > 0) {
    list.replaceChildren(...known.map((item) => item.cloneNode(true)));
    place.hidden = false;
  }
  const current = projects.find((item) => item.getAttribute("aria-current") === "true")?.dataset.project;
  if (current) localStorage.setItem(RECENT, JSON.stringify([current, ...recent.filter((id) => id !== current)].slice(0, 8)));

  menu.addEventListener("toggle", () => menu.open && !box.hidden && field.focus());
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const item of projects) item.hidden = !item.textContent?.toLowerCase().includes(wanted);
    place.hidden = wanted !== "" || known.length === 0;
    if (none instanceof HTMLElement) none.hidden = projects.some((item) => !item.hidden);
  });
  field.addEventListener("keydown", (event) => {
    const first = projects.find((item) => !item.hidden);
    if (event.key === "Enter" && first) first.click();
  });
}

/**
 * What a menu holds for browsers without scripts is text to one with them, and costs nothing until it is opened.
 * @param {HTMLDetailsElement} menu
 */
function unpack(menu) {
  const packed = menu.querySelector("noscript[data-packed]");
  if (packed) packed.outerHTML = packed.textContent ?? "";
}

export function startMenus() {
  for (const menu of document.querySelectorAll("details.menu")) {
    if (!(menu instanceof HTMLDetailsElement)) continue;
    menu.querySelector("summary")?.addEventListener("click", () => unpack(menu));
    menu.addEventListener("toggle", () => unpack(menu));
    if (menu.open) unpack(menu);
    menu.addEventListener("keydown", (event) => onKey(menu, event));
    if ("switcher" in menu.dataset) startSwitcher(menu);
  }
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu instanceof HTMLDetailsElement && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    }
  });
}
