// @ts-check
/**
 * Plays the recording of an open call. Loaded with the first press on a player, or the choice of a voice.
 *
 * An address is asked for when somebody presses play, and again when the one there was has ended: the position
 * is kept. The waveforms are drawn already; here only what was played is uncovered, and the turns follow.
 *
 * Another voice is another sound with a waveform, a length and a description of its own. All four change at once,
 * when the sound's address has come; if it does not, the voice there was stays chosen.
 */
import { announce, send } from "./http.js";
import { _ } from "./words.js";

const STEP_S = 5;
const SAME_PLACE_S = 1;
/** @type {Record<string, string>} */
const REASONS = {
  consent: _("This recording cannot be played: there is no record that the caller agreed to it."),
  compliance: _("This recording cannot be played: it is held back."),
  entitlement: _("Your plan does not include downloads."),
  media: _("This recording cannot be played: the file is not there."),
};
const NOT_HERE = _("This recording cannot be played here.");
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
    this.failedAt = -Infinity;
    /** @type {{place: number, plays: boolean} | null} How the sound begins whose address is on its way. */
    this.next = null;
    /** @type {HTMLOptionElement | undefined} The voice that is shown and heard, whichever is being chosen. */
    this.voice = this.part("side")?.options[0];
    this.part("played").append(/** @type {Element} */ (root.querySelector(".player-wave > svg")).cloneNode(true));
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
    else if (what === "choose") await this.choose();
    else if (what === "ask") this.part("confirm").showModal();
    else this.part("confirm").close();
    if (what === "download") await this.download();
  }

  async toggle() {
    const { audio, next } = this;
    if (this.isUnreadable) return;
    if (next) next.plays = audio.paused;
    if (!audio.paused) return audio.pause();
    // What failed plays no more, however often it is asked: that needs a new address.
    if (audio.src && !audio.error) return audio.play().catch(() => {});
    if (!next) await this.open(audio.currentTime, true);
  }

  /** What was not heard yet changes its picture alone: no address is asked for before somebody presses play. */
  async choose() {
    if (this.next) return; // Whoever waits for an address asks once more, for this voice.
    if (this.isUnreadable) {
      this.audio.pause();
      this.showVoice();
    } else if (this.audio.src) await this.open(this.audio.currentTime, !this.audio.paused);
    else this.showVoice();
  }

  /** @returns {HTMLOptionElement | undefined} */
  get chosen() {
    return this.part("side")?.selectedOptions[0];
  }

  /** Whether the chosen voice is a file that is known to be no sound. */
  get isUnreadable() {
    return this.chosen ? "unreadable" in this.chosen.dataset : this.root.classList.contains("is-unreadable");
  }

  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : Number(this.at.max);
  }

  /** @param {number} seconds */
  go(seconds) {
    if (this.isUnreadable) return;
    const place = Math.min(Math.max(0, seconds), this.length);
    if (this.next) this.next.place = place;
    if (this.audio.src) this.audio.currentTime = place;
    else if (!this.next) void this.open(place, false);
    this.show(place);
  }

  /** @param {string} what @returns {Promise<string | null>} */
  async address(what) {
    const side = this.chosen?.value;
    const answer = await send(`${this.root.dataset.path}/${what}${side ? `?side=${side}` : ""}`, "POST").catch(() => null);
    const url = answer?.ok ? (await answer.json().catch(() => null))?.url : null;
    if (url) return url;
    this.say(answer && !answer.ok ? await refusal(answer) : _("The portal could not be reached. Try again."));
    return null;
  }

  /** @param {number} place @param {boolean} plays */
  async open(place, plays) {
    const { audio } = this;
    const next = (this.next = { place, plays });
    let url, voice;
    do {
      this.say("");
      voice = this.chosen;
      if (this.isUnreadable) {
        this.next = null;
        audio.pause();
        return this.showVoice();
      }
      url = await this.address("playback");
    } while (voice !== this.chosen);
    this.next = null;
    if (!url) {
      if (this.voice) this.voice.selected = true;
      return;
    }
    // What could be heard meanwhile went on.
    const reached = audio.paused ? next.place : audio.currentTime;
    this.isFresh = true;
    audio.src = url;
    this.showVoice();
    audio.currentTime = Math.min(reached, this.length || reached);
    audio.playbackRate = Number(this.part("speed").value);
    this.show();
    if (next.plays) await audio.play().catch(() => {});
  }

  /** The waveform, the length and the words of the chosen voice, in the places of the one before. */
  showVoice() {
    const voice = this.chosen;
    if (!voice || voice === this.voice) return;
    this.voice = voice;
    this.root.classList.toggle("is-unreadable", this.isUnreadable);
    if (this.isUnreadable) announce(NOT_HERE);
    const { wave = "", seconds = "0", described = "" } = voice.dataset;
    for (const path of this.root.querySelectorAll(".player-wave path")) path.setAttribute("d", wave);
    if (this.part("described")) this.part("described").textContent = described;
    this.at.max = seconds;
    this.part("length").textContent = clock(Number(seconds));
    this.show();
  }

  /** The address may have ended: once more with a new one, where it was. What fails there again is damaged. */
  async failed() {
    if (this.next) return; // One is on its way.
    const place = this.audio.currentTime;
    const isAgain = Math.abs(place - this.failedAt) <= SAME_PLACE_S;
    this.failedAt = place;
    if (this.isFresh || isAgain) return this.say((await this.isThere()) ? NOT_HERE : _("The recording could not be played. Try again in a minute."));
    await this.open(place, true);
  }

  /** Whether the file can be had: then what this browser cannot play now it cannot play in a minute either. */
  async isThere() {
    const answer = await fetch(this.audio.src, { method: "HEAD" }).catch(() => null);
    return answer?.ok ?? false;
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

/** @param {HTMLElement} control A button of a player, pressed, or its list of voices, of which one was chosen. */
export async function press(control) {
  const root = /** @type {HTMLElement} */ (control.closest("[data-player]"));
  let player = players.get(root);
  if (!player) {
    player = new Player(root);
    players.set(root, player);
  }
  await player.press(control.dataset.playerDo ?? "");
}
