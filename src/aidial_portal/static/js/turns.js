// @ts-check
/**
 * Shows more of a long conversation where it stands. The address is the same as without a script (`&turns=`), so
 * reload and a new tab show as much; a failed request falls back to following the link.
 */
import { exchange, openCall, piece } from "./live.js";

let isReading = false;

/** @param {HTMLAnchorElement} link @returns {Promise<boolean>} */
async function show(link) {
  const callId = openCall();
  const url = new URL(link.href);
  const fresh = await piece(url.pathname + url.search);
  if (openCall() !== callId) return true;
  const old = document.querySelector('.review [data-part="talk"]');
  const next = fresh?.querySelector('[data-part="talk"]');
  if (!old || !next) return false;
  exchange(old, next);
  // One step back is still the list: nobody wants to leave a long call turn by turn.
  history.replaceState(history.state, "", url.pathname + url.search);
  // The first new turn stands where the button was, so nothing moves and reading goes on there.
  document.getElementById(url.hash.slice(1))?.focus({ preventScroll: true });
  return true;
}

/** @param {HTMLAnchorElement} link */
export async function readOn(link) {
  if (isReading) return;
  isReading = true;
  const isShown = await show(link).catch(() => false);
  isReading = false;
  if (!isShown) location.assign(link.href);
}
