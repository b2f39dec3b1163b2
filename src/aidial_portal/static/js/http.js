// @ts-check
/** Requests to the portal's own API. A stale CSRF token is fetched anew once; nothing else is repeated. */

/** @returns {HTMLMetaElement | null} */
const tokenHolder = () => document.querySelector('meta[name="csrf-token"]');

async function renewToken() {
  const answer = await fetch("/api/session/csrf", { headers: { Accept: "application/json" } });
  if (!answer.ok) return false;
  const body = /** @type {{ csrf_token?: unknown }} */ (await answer.json());
  const holder = tokenHolder();
  if (typeof body.csrf_token !== "string" || !holder) return false;
  holder.content = body.csrf_token;
  return true;
}

/**
 * @param {string} url
 * @param {string} method
 * @param {unknown} [value] what is sent as JSON; a POST without one sends `{}`
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Response>}
 */
export async function send(url, method, value, headers = {}) {
  const body = value === undefined ? (method === "POST" ? "{}" : undefined) : JSON.stringify(value);
  const go = () =>
    fetch(url, {
      method,
      headers: { "X-CSRF-Token": tokenHolder()?.content ?? "", Accept: "application/json", "Content-Type": "application/json", ...headers },
      body,
    });
  const answer = await go();
  return answer.status === 403 && (await renewToken()) ? go() : answer;
}

/** @param {string} message Said to screen readers without moving the focus. */
export function announce(message) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = message;
}

export function isTyping() {
  const at = document.activeElement;
  return at instanceof HTMLElement && (at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName));
}
