// @ts-check
/**
 * Unlocks of personal details: the panel of a review is loaded when it is opened and drawn anew after each
 * change, and what has a time says how much of it is left. Without this the same panel is a page of its own.
 */
import { announce } from "./http.js";
import { _ } from "./words.js";

/** @param {number} left_ms */
function left(left_ms) {
  const seconds = Math.max(0, Math.ceil(left_ms / 1000));
  return seconds >= 60 ? _("{minutes} min {seconds} s left", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 }) : _("{seconds} s left", { seconds });
}

/** @param {Element} place Where a panel is or shall be. @param {string} url */
async function load(place, url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  // A session that ended leads elsewhere, which is no panel.
  if (!answer?.ok || answer.redirected) return location.assign(url);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  place.replaceChildren(holder.content);
}

/** @param {Element} panel */
const reload = (panel) => load(panel.parentElement ?? panel, panel.getAttribute("data-panel-url") ?? "");

/** @type {WeakMap<Element, number>} When each ends, by this computer's clock: only the span is the server's. */
const ends = new WeakMap();

/** @param {HTMLElement} one */
function count(one) {
  const now = Date.now();
  if (!ends.has(one)) ends.set(one, now + Number(one.dataset.countdownMs));
  const left_ms = (ends.get(one) ?? now) - now;
  one.textContent = left(left_ms);
  if (left_ms > 0) return;
  delete one.dataset.countdownMs;
  one.textContent = _("Locked again");
  announce(_("Personal details are locked again"));
  // The page itself leaves by the answer's own header; its text goes at once.
  document.querySelector("[data-unlocked]")?.remove();
  const panel = one.closest("[data-panel-url]");
  if (panel) void reload(panel);
}

export function startUnlocks() {
  document.addEventListener(
    "toggle",
    (event) => {
      const more = event.target;
      if (!(more instanceof HTMLDetailsElement) || !more.open || !more.dataset.panel) return;
      const place = more.querySelector("[data-panel-place]");
      if (place && !place.querySelector("[data-panel-url]")) void load(place, more.dataset.panel);
    },
    true,
  );
  document.addEventListener("json-sent", (event) => {
    const panel = event.target instanceof Element ? event.target.closest("[data-panel-url]") : null;
    if (panel) void reload(panel);
  });
  setInterval(() => {
    for (const one of document.querySelectorAll("[data-countdown-ms]")) if (one instanceof HTMLElement) count(one);
  }, 1000);
}
