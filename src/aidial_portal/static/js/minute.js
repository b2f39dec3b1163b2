// @ts-check
/**
 * Draws a part of the page anew each minute while somebody looks at it: `<div data-minute="/status">`. What the
 * server sends replaces the part; what was unfolded stays so, and a new headline is said to screen readers.
 * `data-every-ms` is another pace, `data-while` a selector: only while the part holds one is it drawn anew.
 */
import { announce } from "./http.js";

const EVERY_MS = 60_000;

/** @param {HTMLElement} part */
const headline = (part) => part.querySelector("[data-headline]")?.textContent?.trim() ?? "";

/** @param {HTMLElement} part */
async function redraw(part) {
  if (document.visibilityState !== "visible" || part.contains(document.activeElement)) return;
  if (part.dataset.while && !part.querySelector(part.dataset.while)) return;
  const answer = await fetch(part.dataset.minute ?? "", { headers: { "HX-Request": "true" } }).catch(() => null);
  // A session that ended leads elsewhere: its own watch says so.
  if (!answer?.ok || answer.redirected) return;
  const before = headline(part);
  const open = new Set([...part.querySelectorAll("details[open]")].map((one) => one.id));
  part.innerHTML = await answer.text();
  for (const one of part.querySelectorAll("details")) if (open.has(one.id)) one.open = true;
  if (headline(part) !== before) announce(headline(part));
}

export function startMinute() {
  for (const part of document.querySelectorAll("[data-minute]")) {
    if (part instanceof HTMLElement) setInterval(() => void redraw(part), Number(part.dataset.everyMs ?? EVERY_MS));
  }
}
