// @ts-check
/**
 * Files made of calls: an export with its dialog, progress and cancel, and a transcript. Loaded when first asked for.
 *
 * A file is saved only when all of it came: an answer that breaks off rejects the read, and nothing is kept.
 */
import { announce } from "./http.js";
import { LANGUAGE, _, ngettext } from "./words.js";

const NARROWING = {
  from: _("date"),
  status: _("status"),
  outcome: _("outcome"),
  agent: _("agent"),
  sentiment: _("how the caller felt"),
  min_duration: _("duration"),
};
const SAID_EVERY_MS = 2000;
const number = new Intl.NumberFormat(LANGUAGE);
/** @param {number} n */
const calls = (n) => ngettext("{count} call", "{count} calls", n, { count: number.format(n) });

/** @param {Response} answer @param {any} body What the portal refused, in words a person can act on. */
function refusal(answer, body) {
  const details = body?.details ?? {};
  const seconds = Number(answer.headers.get("Retry-After"));
  switch (body?.error) {
    case "export_too_large": {
      const ways = (details.narrow_by ?? []).map((/** @type {string} */ name) => /** @type {any} */ (NARROWING)[name]).filter(Boolean);
      const found = calls(details.matching_capped ? details.limit : details.matching);
      const many = details.matching_capped ? _("More than {calls}", { calls: found }) : found;
      const most = _("{calls} match, and a file holds {count} at most.", { calls: many, count: number.format(details.limit) });
      const narrow = ways.length ? _("Narrow the list by {ways}, then export again.", { ways: ways.slice(0, 3).join(", ") }) : _("Narrow the list, then export again.");
      return `${most} ${narrow}`;
    }
    case "transcript_too_large":
      return [_("This transcript is too long for that format."), details.alternative_formats?.length ? _("Download it as {formats}.", { formats: details.alternative_formats.join(", ").toUpperCase() }) : ""].filter(Boolean).join(" ");
    case "state_conflict":
      return _("This transcript cannot be downloaded as it is now. Reload the page to see its state.");
    case "rate_limited":
    case "upstream_rate_limited":
      return _("That is enough files for now. Try again in {time}.", { time: seconds > 90 ? _("{minutes} min", { minutes: Math.ceil(seconds / 60) }) : _("{seconds} s", { seconds: seconds || 60 }) });
    default:
      return `${body?.message ? _(body.message) : _("That did not work. Try again in a minute.")} ${_("Request id {id}", { id: answer.headers.get("X-Request-Id") ?? "unknown" })}`;
  }
}

/** @param {Response} answer @param {BlobPart[]} parts */
function save(answer, parts) {
  const name = /filename="([A-Za-z0-9.-]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: answer.headers.get("Content-Type") ?? "" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return name;
}

/** Counts lines of a CSV as they come: a line break inside quotes is no line. */
function lineCounter() {
  let quoted = false;
  let lines = 0;
  return (/** @type {Uint8Array} */ bytes) => {
    for (const byte of bytes) {
      if (byte === 34) quoted = !quoted;
      else if (byte === 10 && !quoted) lines += 1;
    }
    return Math.max(0, lines - 1);
  };
}

/**
 * How many of how many, and how long that still takes: said after a while, anew every two seconds at most and
 * rounded, because a time that jumps about is not believed.
 * @param {number} total 0 when nobody knows
 */
function progress(total) {
  const began = performance.now();
  let due = began + SAID_EVERY_MS;
  let left = 0;
  return (/** @type {number} */ rows) => {
    const now = performance.now();
    if (now >= due && rows > 0) {
      due = now + SAID_EVERY_MS;
      left = ((total - rows) / rows) * ((now - began) / 1000);
    }
    if (!total) return calls(rows);
    const done = { done: number.format(rows), calls: calls(Math.max(total, rows)) };
    if (left <= 0 || rows >= total) return _("{done} of {calls}", done);
    if (left > 90) return _("{done} of {calls}, about {minutes} min left", { ...done, minutes: number.format(Math.ceil(left / 60)) });
    if (left > 10) return _("{done} of {calls}, about {seconds} s left", { ...done, seconds: Math.ceil(left / 10) * 10 });
    return _("{done} of {calls}, a few seconds left", done);
  };
}

/** The browser asks before it leaves what would be lost. @param {Event} event */
const hold = (event) => event.preventDefault();

/** @param {string} url @param {AbortSignal} signal @param {(bytes: Uint8Array) => void} onBytes */
async function load(url, signal, onBytes) {
  const answer = await fetch(url, { signal });
  if (!answer.ok || !answer.body) throw new Error(refusal(answer, await answer.json().catch(() => null)));
  const reader = answer.body.getReader();
  /** @type {BlobPart[]} */
  const parts = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return save(answer, parts);
    parts.push(/** @type {any} */ (value));
    onBytes(value);
  }
}

/** @param {HTMLFormElement} form */
function urlOf(form) {
  const query = new URLSearchParams();
  const included = [];
  for (const [name, value] of new FormData(form)) {
    if (name === "include") included.push(value);
    else query.append(name, String(value));
  }
  if (included.length) query.append("include", included.join(","));
  return `${form.getAttribute("action")}?${query}`;
}

/** @param {HTMLDialogElement} dialog */
function prepare(dialog) {
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const status = /** @type {HTMLElement} */ (dialog.querySelector("[data-export-status]"));
  const submit = /** @type {HTMLButtonElement} */ (dialog.querySelector("[type=submit]"));
  const reason = dialog.querySelector("[data-export-reason]");
  /** @type {AbortController | null} */
  let running = null;

  const stop = () => {
    if (!running) return dialog.close();
    running.abort();
  };
  form.addEventListener("change", () => {
    const wanted = form.querySelector("[name=include]:checked") !== null;
    const field = reason?.querySelector("input");
    if (!(reason instanceof HTMLElement) || !field) return;
    reason.hidden = !wanted;
    field.disabled = !wanted;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    submit.disabled = true;
    const total = Number(form.dataset.count);
    const count = lineCounter();
    let rows = 0;
    /** @type {ReturnType<typeof progress> | undefined} */
    let words;
    window.addEventListener("beforeunload", hold);
    status.textContent = _("Preparing the file");
    try {
      const name = await load(urlOf(form), running.signal, (bytes) => {
        rows = count(bytes);
        words ??= progress(total);
        status.textContent = words(rows);
      });
      status.textContent = _("{calls} saved as {name}", { calls: calls(rows), name });
      announce(status.textContent);
    } catch (error) {
      const cancelled = running.signal.aborted;
      const broken = error instanceof TypeError;
      status.textContent = cancelled
        ? _("Cancelled. Nothing was saved.")
        : broken
          ? _("The file broke off after {calls}, so nothing was saved. Try again.", { calls: calls(rows) })
          : String(/** @type {Error} */ (error).message);
    } finally {
      window.removeEventListener("beforeunload", hold);
      running = null;
      submit.disabled = false;
    }
  });
  dialog.querySelector("[data-export-cancel]")?.addEventListener("click", stop);
  dialog.addEventListener("cancel", () => running?.abort());
}

/** @param {HTMLElement} button */
function openExport(button) {
  const id = button.dataset.export ?? "";
  let dialog = document.querySelector(`dialog[data-of="${CSS.escape(id)}"]`);
  if (!(dialog instanceof HTMLDialogElement)) {
    const holder = document.getElementById(id);
    if (!(holder instanceof HTMLTemplateElement)) return;
    dialog = /** @type {HTMLDialogElement} */ (holder.content.querySelector("dialog")?.cloneNode(true));
    if (!(dialog instanceof HTMLDialogElement)) return;
    dialog.dataset.of = id;
    document.body.append(dialog);
    prepare(dialog);
  }
  dialog.showModal();
}

/** @param {HTMLAnchorElement} link */
async function saveFile(link) {
  const status = link.parentElement?.querySelector("[data-file-status]");
  if (!(status instanceof HTMLElement) || link.ariaBusy === "true") return;
  link.ariaBusy = "true";
  status.textContent = _("Preparing the file");
  try {
    status.textContent = _("Saved as {name}", { name: await load(link.href, AbortSignal.timeout(120_000), () => {}) });
  } catch (error) {
    status.textContent = error instanceof TypeError || error instanceof DOMException
      ? _("The file broke off, so nothing was saved. Try again.")
      : String(/** @type {Error} */ (error).message);
  } finally {
    link.ariaBusy = null;
  }
}

/** @param {HTMLElement} asked A button with `data-export`, or a link with `data-file`. */
export function startFile(asked) {
  if (asked instanceof HTMLAnchorElement) void saveFile(asked);
  else openExport(asked);
}
