// @ts-check
/** Texts with a limit: how much of it is used, and how long an agent takes to say it (`data-spoken`). */
import { LANGUAGE, _ } from "./words.js";

const WORDS_A_SECOND = 2.5;

/** @param {HTMLTextAreaElement} field */
export function count(field) {
  const place = field.closest(".field")?.querySelector("[data-count]");
  if (!place) return;
  const words = field.value.split(/\s+/).filter(Boolean).length;
  const spoken = "spoken" in field.dataset && words ? _(", about {seconds} s to say", { seconds: Math.ceil(words / WORDS_A_SECOND) }) : "";
  place.textContent = `${_("{count} of {most} characters", { count: [...field.value].length, most: field.maxLength.toLocaleString(LANGUAGE) })}${spoken}`;
}

/** Counts what is typed, and what was before this was there to hear it. */
export function startCounts() {
  for (const kind of ["input", "filled"]) {
    document.addEventListener(kind, (event) => {
      if (event.target instanceof HTMLTextAreaElement && "counted" in event.target.dataset) count(event.target);
    });
  }
  for (const field of document.querySelectorAll("textarea[data-counted]")) {
    if (field instanceof HTMLTextAreaElement) count(field);
  }
}
