// @ts-check
/**
 * Plays the recording of an open call. Loaded with the first press on a player.
 *
 * An address is asked for when somebody presses play, and again when the one there was has ended: the position
 * is kept. The waveform is drawn already; here only what was played is uncovered, and the turns follow.
 */
import { announce, send } from "./http.js";
import { _ } from "./words.js";

const STEP_S = 5;
/** @type {Record<string, string>} */
const REASONS = {
  consent: _("This recording cannot be played: there is no record that the caller agreed to it."),
  compliance: _("This recording cannot be played: it is held back."),
  entitlement: _("Your plan does not include downloads."),
  media: _("This recording cannot be played: the file is not there."),
};
/** @type {WeakMap<HTMLElement, Player>} */
const players = new WeakMap();

/** @param {number} seconds `0:07`, `12:40`, `1:02:03` */
function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** @param {Response} answer @returns {Promise<string>} */
async function refusal(answer) {
  const body = await answer.json().catch(() => null);
  const error = body?.error ?? {};
  return REASONS[error.details?.reason] ?? `${error.message ? _(error.message) : _("That did not work.")} ${_("Request id {id}", { id: answer.headers.get("X-Request-Id") ?? "unknown" })}`;
}

class Player {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.at = /** @type {HTMLInputElement} */ (root.querySelector("[data-player-at]"));
    this.isFresh = false;
    for (const field of root.querySelectorAll("[disabled]")) field.removeAttribute("disabled");
    this.listen();
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.root.querySelector(`[data-player-${name}]`);
  }

  /** Asked for anew: there are more of them once somebody reads on. */
  get turns() {
    return this.root.closest(".review")?.querySelectorAll(".turn[data-start]") ?? [];
  }

  listen() {
    const { audio, at, root } = this;
    audio.addEventListener("timeupdate", () => this.show());
    audio.addEventListener("loadedmetadata", () => this.measured());
    for (const change of ["play", "pause", "ended"]) audio.addEventListener(change, () => this.showState());
    audio.addEventListener("error", () => void this.failed());
    at.addEventListener("input", () => this.go(Number(at.value)));
    this.part("speed").addEventListener("change", () => (audio.playbackRate = Number(this.part("speed").value)));
    this.part("side")?.addEventListener("change", () => void this.open(audio.currentTime, !audio.paused));
    root.addEventListener("keydown", (event) => this.key(event));
    root.closest(".review")?.addEventListener("click", (event) => {
      const turn = event.target instanceof Element ? event.target.closest(".turn-time")?.closest(".turn[data-start]") : null;
      if (turn instanceof HTMLElement) this.go(Number(turn.dataset.start) / 1000);
    });
    root.closest(".review")?.classList.add("has-player");
    // A review that is closed takes its sound with it.
    new MutationObserver((_, watcher) => {
      if (root.isConnected) return;
      audio.pause();
      watcher.disconnect();
    }).observe(document.body, { childList: true, subtree: true });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || target.tagName === "SELECT" || target.closest("dialog")) return;
    if (event.key === " " && target.tagName !== "BUTTON") void this.toggle();
    else if (event.key === "ArrowLeft") this.go(this.audio.currentTime - STEP_S);
    else if (event.key === "ArrowRight") this.go(this.audio.currentTime + STEP_S);
    else return;
    event.preventDefault();
  }

  /** @param {string} what */
  async press(what) {
    if (what === "play") await this.toggle();
    else if (what === "back") this.go(this.audio.currentTime - STEP_S);
    else if (what === "on") this.go(this.audio.currentTime + STEP_S);
    else if (what === "ask") this.part("confirm").showModal();
    else this.part("confirm").close();
    if (what === "download") await this.download();
  }

  async toggle() {
    if (!this.audio.paused) return this.audio.pause();
    if (this.audio.src) return this.audio.play();
    await this.open(0, true);
  }

  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : Number(this.at.max);
  }

  /** @param {number} seconds */
  go(seconds) {
    const place = Math.min(Math.max(0, seconds), this.length);
    if (this.audio.src) this.audio.currentTime = place;
    else void this.open(place, false);
    this.show(place);
  }

  /** @param {string} what @returns {Promise<string | null>} */
  async address(what) {
    const side = this.part("side")?.value;
    const answer = await send(`${this.root.dataset.path}/${what}${side ? `?side=${side}` : ""}`, "POST").catch(() => null);
    if (answer?.ok) return (await answer.json()).url;
    this.say(answer ? await refusal(answer) : _("The portal could not be reached. Try again."));
    return null;
  }

  /** @param {number} place @param {boolean} plays */
  async open(place, plays) {
    this.say("");
    const url = await this.address("playback");
    if (!url) return;
    this.isFresh = true;
    this.audio.src = url;
    this.audio.currentTime = place;
    this.audio.playbackRate = Number(this.part("speed").value);
    if (plays) await this.audio.play().catch(() => {});
  }

  /** The address may have ended: once more with a new one, where it was. */
  async failed() {
    const place = this.audio.currentTime;
    if (this.isFresh) return this.say(_("The recording could not be played. Try again in a minute."));
    await this.open(place, true);
  }

  async download() {
    const url = await this.address("download");
    if (!url) return;
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    link.click();
    this.say(_("The download has begun."));
  }

  measured() {
    this.isFresh = false;
    this.at.max = String(this.length);
    this.part("length").textContent = clock(this.length);
    this.show();
  }

  show(place = this.audio.currentTime) {
    const share = this.length ? Math.min(1, place / this.length) : 0;
    this.at.value = String(place);
    this.at.setAttribute("aria-valuetext", `${clock(place)} of ${clock(this.length)}`);
    this.part("played").style.clipPath = `inset(0 ${(1 - share) * 100}% 0 0)`;
    this.part("now").textContent = clock(place);
    let current = null;
    for (const turn of this.turns) if (Number(/** @type {HTMLElement} */ (turn).dataset.start) <= place * 1000) current = turn;
    for (const turn of this.turns) turn.classList.toggle("is-heard", turn === current);
  }

  showState() {
    const isPlaying = !this.audio.paused && !this.audio.ended;
    const button = /** @type {HTMLElement} */ (this.root.querySelector("[data-player-do=play]"));
    button.setAttribute("aria-label", isPlaying ? _("Pause the recording") : _("Play the recording"));
    for (const face of button.querySelectorAll("[data-when]")) {
      /** @type {HTMLElement} */ (face).hidden = /** @type {HTMLElement} */ (face).dataset.when !== (isPlaying ? "playing" : "paused");
    }
    this.root.classList.toggle("is-playing", isPlaying);
  }

  /** @param {string} words */
  say(words) {
    this.part("status").textContent = words;
    if (words) announce(words);
  }
}

/** @param {HTMLButtonElement} button A button of a player, pressed. */
export async function press(button) {
  const root = /** @type {HTMLElement} */ (button.closest("[data-player]"));
  let player = players.get(root);
  if (!player) {
    player = new Player(root);
    players.set(root, player);
  }
  await player.press(button.dataset.playerDo ?? "");
}
