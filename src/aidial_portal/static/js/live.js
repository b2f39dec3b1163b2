// @ts-check
/**
 * Keeps an open review and an open list current: `[data-live]` holds the address of the events.
 *
 * An event says that a call is to be looked at. What is shown is asked of the page's own address, so filters, order
 * and what this person may see are the list's own; and whoever was away simply asks again.
 */
import { ngettext } from "./words.js";

const REST_MS = 1000;
const LIST_REST_MS = 2000;
const FIRST_REFUSED_MS = 2000;
const LONGEST_REFUSED_MS = 60_000;

/** @param {string} url @returns {Promise<DocumentFragment | null>} A piece of the page, as the server draws it. */
export async function piece(url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return null;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content;
}

/** @param {Record<string, string | null>} changes */
function address(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

/** @param {Element} old @param {Element} next What differs is exchanged, turn by turn, so that a reader keeps the place. */
export function exchange(old, next) {
  if (old.isEqualNode(next)) return;
  const before = [...old.querySelectorAll("li.turn")];
  const after = [...next.querySelectorAll("li.turn")];
  const list = before[0]?.parentElement;
  if (old instanceof HTMLElement && old.dataset.part === "talk" && list && after.length >= before.length) {
    after.forEach((turn, at) => {
      if (!before[at]) list.append(turn);
      else if (!before[at].isEqualNode(turn)) before[at].replaceWith(turn);
    });
    for (const name of [".turns-more", ".panel-state"]) {
      const [gone, come] = [old.querySelector(name), next.querySelector(name)];
      if (gone && come) exchangeNode(gone, come);
      else if (gone) gone.remove();
      else if (come && name === ".turns-more") list.after(come);
      else if (come) old.append(come);
    }
    for (const name of ["role", "aria-label", "data-whole"]) {
      const value = next.getAttribute(name);
      if (value === null) old.removeAttribute(name);
      else old.setAttribute(name, value);
    }
    return;
  }
  exchangeNode(old, next);
}

/** @param {Element} old @param {Element} next */
function exchangeNode(old, next) {
  if (old.isEqualNode(next)) return;
  const place = [...old.querySelectorAll("a, button")].findIndex((one) => one === document.activeElement);
  old.replaceWith(next);
  const again = place < 0 ? null : next.querySelectorAll("a, button")[place] ?? next.querySelector("a, button");
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** @returns {string} The call that is open, or "". */
export function openCall() {
  const shown = document.querySelector(".review");
  return shown?.id.replace(/^review-/, "") ?? "";
}

/** @param {string} callId Whoever sees the whole conversation goes on seeing it; others see as much as they asked for. */
function reading(callId) {
  const talk = document.querySelector('.review [data-part="talk"]');
  return (talk instanceof HTMLElement && talk.dataset.whole) || address({ expand: callId });
}

/** @returns {Promise<void>} */
async function refreshReview() {
  const callId = openCall();
  if (!callId) return;
  const asked = reading(callId);
  const fresh = await piece(asked);
  // It may have been closed, or another opened, meanwhile.
  if (!fresh || openCall() !== callId) return;
  // Or read on, and what came is too little.
  if (reading(callId) !== asked) return refreshReview();
  for (const part of fresh.querySelectorAll(".review [data-part]")) {
    const name = part instanceof HTMLElement ? part.dataset.part : "";
    const old = document.querySelector(`.review [data-part="${name}"]`);
    if (old) exchange(old, part);
  }
}

/** @param {HTMLElement} note */
async function refreshList(note) {
  const fresh = await piece(address({ expand: null, turns: null }));
  if (!fresh) return;
  let more = 0;
  const rows = [...fresh.querySelectorAll("tr[data-call]")];
  for (const row of rows) {
    const callId = row instanceof HTMLElement ? row.dataset.call ?? "" : "";
    const old = document.querySelector(`tr[data-call="${CSS.escape(callId)}"]`);
    if (!old) {
      more += 1;
      continue;
    }
    // The first cell holds the link, which knows whether the call is open.
    [...row.children].forEach((cell, at) => {
      if (at > 0 && old.children[at] && !old.children[at].isEqualNode(cell)) old.children[at].replaceWith(cell);
    });
  }
  tell(note, more, more === rows.length && fresh.querySelector("[data-load-more]") !== null);
}

/** @param {HTMLElement} note @param {number} more @param {boolean} orMore */
function tell(note, more, orMore) {
  const link = note.querySelector("a");
  if (!link) return;
  link.hidden = more === 0;
  link.href = address({ cursor: null });
  const words = ngettext("{count} new call: show", "{count} new calls: show", more, { count: `${more}${orMore ? "+" : ""}` });
  if (more && link.textContent !== words) link.textContent = words;
}

/** @param {() => Promise<void>} work @param {number} restMs @returns {() => void} At once, then at most so often; never twice at a time. */
function paced(work, restMs) {
  let running = false;
  let wanted = false;
  return async function go() {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await work().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    running = false;
  };
}

/** @param {HTMLElement} note */
export function startLive(note) {
  const review = paced(refreshReview, REST_MS);
  const list = paced(() => refreshList(note), LIST_REST_MS);
  /** @type {EventSource | null} */
  let source = null;
  let wasOpen = false;
  let isResting = false;
  let rest_ms = FIRST_REFUSED_MS;

  function resync() {
    review();
    list();
  }
  /** A browser that is refused gives up for good. This asks again: ever less often, and not everybody at once. */
  function refused() {
    source = null;
    isResting = true;
    setTimeout(() => {
      isResting = false;
      open();
    }, rest_ms * (0.5 + Math.random() / 2));
    rest_ms = Math.min(rest_ms * 2, LONGEST_REFUSED_MS);
  }
  function open() {
    if (source || isResting || document.hidden) return;
    source = new EventSource(note.dataset.live ?? "");
    source.addEventListener("error", () => source?.readyState === EventSource.CLOSED && refused());
    source.addEventListener("hello", (event) => {
      rest_ms = FIRST_REFUSED_MS;
      const { quiet_ms } = /** @type {{ quiet_ms: number }} */ (JSON.parse(event.data));
      // Quiet for longer than this page exists: it shows what is. (performance.now() stands still while a computer sleeps.)
      const isCurrent = !wasOpen && quiet_ms > Date.now() - performance.timeOrigin;
      if (!isCurrent) resync();
      wasOpen = true;
    });
    source.addEventListener("resync", resync);
    source.addEventListener("call", (event) => {
      const call = /** @type {{ call_id: string, is_new: boolean }} */ (JSON.parse(event.data));
      if (call.call_id === openCall()) review();
      if (call.is_new || document.querySelector(`tr[data-call="${CSS.escape(call.call_id)}"]`)) list();
    });
  }
  function close() {
    source?.close();
    source = null;
  }
  // A browser has few connections to give: one that nobody looks at is let go.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}
