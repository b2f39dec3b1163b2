// @ts-check
/**
 * Follows the session: asks for its state, tells the server that someone is here, and warns before idling out.
 * Counting uses the server's clock (the Date header), because a wrong one on the desk would sign people out.
 */
import { send } from "./http.js";

const POLL_MS = 60_000;
const TOUCH_MS = 60_000;
const WARNING_MS = 120_000;

/** @typedef {{ state: string, idle_expires_at: string | null, absolute_expires_at: string | null, degraded: boolean }} SessionState */

/** @param {Response} answer A session that somebody ended says why; one that ran out leads back here. */
async function turnedAway(answer) {
  const body = await answer.json().catch(() => null);
  if (body?.code === "session_revoked") location.assign("/access-denied");
  else leave();
}

/** To sign in, and back to this page afterwards. */
export function leave() {
  location.assign(`/sign-in?callbackUrl=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @param {number} left_ms */
function clock(left_ms) {
  const seconds = Math.max(0, Math.ceil(left_ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {HTMLDialogElement} dialog */
function watch(dialog) {
  const { stateUrl = "", touchUrl = "" } = dialog.dataset;
  const countdown = dialog.querySelector("[data-countdown]");
  let clockAhead_ms = 0;
  let ends_ms = Infinity;
  let touched_ms = Date.now();
  let isTouching = false;

  /** @param {Response} answer */
  const read = async (answer) => {
    if (answer.status === 401) return turnedAway(answer);
    if (!answer.ok) return;
    const said = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(said)) clockAhead_ms = Date.now() - said;
    const body = /** @type {SessionState} */ (await answer.json());
    const ends = [body.idle_expires_at, body.absolute_expires_at].map((at) => (at ? Date.parse(at) : Infinity));
    // Without a known end nothing is forced: the next request decides.
    ends_ms = Math.min(...ends.filter((at) => !Number.isNaN(at)));
    tick();
  };
  const poll = () => fetch(stateUrl, { headers: { Accept: "application/json" } }).then(read, () => undefined);
  const touch = async () => {
    if (isTouching) return;
    isTouching = true;
    touched_ms = Date.now();
    await send(touchUrl, "POST").then(read, () => undefined);
    isTouching = false;
  };
  const tick = () => {
    const left_ms = ends_ms - (Date.now() - clockAhead_ms);
    if (left_ms > WARNING_MS) {
      if (dialog.open) dialog.close();
      return;
    }
    if (left_ms <= 0) {
      ends_ms = Infinity;
      void poll().then(() => ends_ms === Infinity && leave());
      return;
    }
    if (!dialog.open) dialog.showModal();
    if (countdown) countdown.textContent = clock(left_ms);
  };
  const onInput = () => {
    if (!dialog.open && Date.now() - touched_ms >= TOUCH_MS) void touch();
  };

  dialog.querySelector("[data-stay]")?.addEventListener("click", () => void touch());
  dialog.addEventListener("cancel", () => void touch());
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, onInput, { passive: true });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void poll());
  setInterval(tick, 1000);
  setInterval(() => document.visibilityState === "visible" && void poll(), POLL_MS);
  void poll();
}

export function startSessionWatch() {
  const dialog = document.getElementById("session-warning");
  if (dialog instanceof HTMLDialogElement) watch(dialog);
}
