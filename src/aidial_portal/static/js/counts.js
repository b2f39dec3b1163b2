// @ts-check
/** Texts with a limit: how much of it is used, and how long an agent takes to say it (`data-spoken`). */

const WORDS_A_SECOND = 2.5;

/** @param {HTMLTextAreaElement} field */
export function count(field) {
  const place = field.closest(".field")?.querySelector("[data-count]");
  if (!place) return;
  const words = field.value.split(/\s+/).filter(Boolean).length;
  const spoken = "spoken" in field.dataset && words ? `, about ${Math.ceil(words / WORDS_A_SECOND)} s to say` : "";
  place.textContent = `${[...field.value].length} of ${field.maxLength.toLocaleString("en-AU")} characters${spoken}`;
}

export function startCounts() {
  for (const kind of ["input", "filled"]) {
    document.addEventListener(kind, (event) => {
      if (event.target instanceof HTMLTextAreaElement && "counted" in event.target.dataset) count(event.target);
    });
  }
}
