// @ts-check
/**
 * A change of a ticket that somebody else changed first: says so, shows what it is now, and lets one go on.
 *
 * The form keeps what was chosen; saving it again applies that to the ticket as it is now.
 */
import { announce } from "./http.js";
import { _ } from "./words.js";

const WORDS = /** @type {Record<string, string>} */ ({
  open: _("open"),
  waiting_on_customer: _("waiting on you"),
  waiting_on_support: _("waiting on support"),
  resolved: _("resolved"),
  closed: _("closed"),
});

const PRIORITIES = /** @type {Record<string, string>} */ ({ low: _("low"), normal: _("normal"), high: _("high") });

/** @param {HTMLSelectElement | null} field */
const chosen = (field) => field?.selectedOptions[0]?.textContent?.trim() ?? "";

/** @param {HTMLFormElement} form @param {any} ticket */
function say(form, ticket) {
  const own = [chosen(form.querySelector("[name=status]")), _("priority {priority}", { priority: chosen(form.querySelector("[name=priority]")).toLowerCase() })];
  const box = document.createElement("div");
  box.className = "notice notice-warn ticket-conflict";
  box.dataset.formError = "";
  box.tabIndex = -1;
  box.setAttribute("role", "alert");
  const words = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = _("Somebody changed this ticket while you had it open.");
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [name, text] of [
    [_("Now"), `${WORDS[ticket.status] ?? ticket.status}, ${_("priority {priority}", { priority: PRIORITIES[ticket.priority] ?? ticket.priority })}`],
    [_("Yours"), own.filter(Boolean).join(", ")],
  ]) {
    const term = document.createElement("dt");
    const said = document.createElement("dd");
    term.textContent = name;
    said.textContent = text;
    list.append(term, said);
  }
  const next = document.createElement("p");
  next.textContent = _("Nothing of yours was saved. Save again to apply it to the ticket as it is now, or reload the page to see all of it.");
  words.append(head, list, next);
  box.append(words);
  form.prepend(box);
  box.focus();
  announce(head.textContent);
}

/** @param {HTMLFormElement} form */
async function showTheirs(form) {
  const answer = await fetch(form.dataset.theirs ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return location.reload();
  const { ticket } = await answer.json();
  const version = form.querySelector("[name=expected_version]");
  if (version instanceof HTMLInputElement) version.value = String(ticket.version);
  for (const [place, text] of [
    ["[data-ticket-status]", WORDS[ticket.status] ?? ticket.status],
    ["[data-ticket-priority]", PRIORITIES[ticket.priority] ?? ticket.priority],
  ]) {
    const at = document.querySelector(place);
    if (at) at.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  }
  say(form, ticket);
}

export function startTickets() {
  document.addEventListener("json-refused", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.theirs) return;
    if (/** @type {CustomEvent} */ (event).detail.error.code !== "version_conflict") return;
    event.preventDefault();
    void showTheirs(form);
  });
}
