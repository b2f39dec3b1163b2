// @ts-check
/** Ctrl-K: go to a page or a project, or do one of a few things. Built from what the page already links to. */
import { isTyping } from "./http.js";
import { setTheme } from "./theme.js";
import { _ } from "./words.js";

/** @typedef {{ words: string, hint: string, go: () => void }} Entry */

/** @returns {Entry[]} */
function entries() {
  /** @param {string} selector @param {string} hint @returns {Entry[]} */
  const links = (selector, hint) =>
    [...document.querySelectorAll(selector)].flatMap((link) =>
      link instanceof HTMLAnchorElement
        ? [{ words: link.querySelector("span")?.textContent?.trim() ?? "", hint, go: () => location.assign(link.href) }]
        : [],
    );
  const form = document.getElementById("sign-out");
  return [
    ...links(".rail .nav-link", _("Page")),
    ...links(".account a.menu-item", _("Page")),
    ...links(".switcher a[data-project]", _("Project")),
    { words: _("Use the light theme"), hint: _("Action"), go: () => setTheme("light") },
    { words: _("Use the dark theme"), hint: _("Action"), go: () => setTheme("dark") },
    { words: _("Use the system's theme"), hint: _("Action"), go: () => setTheme("system") },
    ...(form instanceof HTMLFormElement ? [{ words: _("Sign out"), hint: _("Action"), go: () => form.requestSubmit() }] : []),
  ];
}

/** @param {HTMLDialogElement} dialog @param {HTMLInputElement} field @param {HTMLElement} list */
function wire(dialog, field, list) {
  const all = entries();
  /** @type {Entry[]} */
  let shown = [];
  let at = 0;

  /** @param {number} wanted */
  const choose = (wanted) => {
    at = (wanted + shown.length) % Math.max(shown.length, 1);
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    const item = list.children[at];
    field.setAttribute("aria-activedescendant", item?.id ?? "");
    item?.scrollIntoView({ block: "nearest" });
  };
  /** @param {Entry | undefined} entry */
  const run = (entry) => {
    if (!entry) return;
    dialog.close();
    entry.go();
  };
  const draw = () => {
    const wanted = field.value.trim().toLowerCase();
    shown = all.filter((entry) => entry.words.toLowerCase().includes(wanted));
    list.replaceChildren(
      ...shown.map((entry, index) => {
        const item = document.createElement("li");
        item.id = `palette-${index}`;
        item.className = "menu-item";
        item.setAttribute("role", "option");
        const words = document.createElement("span");
        words.textContent = entry.words;
        const hint = document.createElement("span");
        hint.className = "quiet small icon-end";
        hint.textContent = entry.hint;
        item.append(words, hint);
        item.addEventListener("click", () => run(entry));
        item.addEventListener("pointermove", () => at !== index && choose(index));
        return item;
      }),
    );
    choose(0);
  };

  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter") run(shown[at]);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return () => {
    if (dialog.open) return;
    field.value = "";
    draw();
    dialog.showModal();
    field.focus();
  };
}

export function startPalette() {
  const dialog = document.getElementById("palette");
  const field = dialog?.querySelector("input");
  const list = dialog?.querySelector("ul");
  if (!(dialog instanceof HTMLDialogElement) || !field || !list) return;
  const open = wire(dialog, field, list);
  document.querySelector("[data-open-palette]")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    } else if (event.key === "/" && !isTyping() && !document.querySelector("dialog[open]")) {
      const search = document.getElementById("search");
      if (!(search instanceof HTMLInputElement)) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
}
