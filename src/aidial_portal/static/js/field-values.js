// @ts-check
/**
 * What a field of a JSON form holds, and how to put a value into it: `data-type` says how.
 *
 * `ranges` are hours as people write them, `9:00-12:30, 1:30pm-5pm`: a list of `{open, close}`.
 */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** @param {string} text `9`, `9:30`, `5pm` as `HH:MM`; what is no time stays, for the server to refuse. */
function clock(text) {
  const found = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/i.exec(text.trim());
  if (!found) return text.trim();
  const half = (found[3] ?? "").toLowerCase();
  const hour = half ? (Number(found[1]) % 12) + (half === "pm" ? 12 : 0) : Number(found[1]);
  return `${String(hour).padStart(2, "0")}:${found[2] ?? "00"}`;
}

/** @param {string} text */
const ranges = (text) =>
  text.split(/[,;]/).map((one) => one.trim()).filter(Boolean).map((one) => {
    const [open, close = "", ...rest] = one.split(/\s*(?:-|–|—|\bto\b)\s*/);
    return { open: clock(open), close: rest.length ? one : clock(close) };
  });

/** @param {Field} field */
export function typed(field) {
  const text = field.value;
  switch (field.dataset.type) {
    case "whole":
      return text.trim() === "" ? null : Number(text);
    case "yes":
      return field instanceof HTMLInputElement && field.checked;
    case "ticked":
      return field instanceof HTMLInputElement && field.checked ? text : undefined;
    case "object":
      return {};
    case "lines":
      return text.split("\n").map((line) => line.trim()).filter(Boolean);
    case "ranges":
      return ranges(text);
    case "compact":
      return text.replace(/[\s()-]/g, "");
    case "optional":
      return text === "" ? undefined : text;
    default:
      return text;
  }
}

/** @param {any} value @returns {boolean} */
export const isRanges = (value) => Array.isArray(value) && value.every((one) => one && typeof one === "object" && "open" in one && "close" in one);

/** @param {{ open: string, close: string }[]} value */
export const rangesText = (value) => value.map((one) => `${one.open}–${one.close}`).join(", ");

/** @param {Field} field @param {unknown} value */
export function fill(field, value) {
  if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value === true;
  else if (field.dataset.type === "ranges") field.value = isRanges(value) ? rangesText(/** @type {any} */ (value)) : "";
  else field.value = value === null || value === undefined ? "" : Array.isArray(value) ? value.join("\n") : String(value);
  if (field instanceof HTMLTextAreaElement && "counted" in field.dataset) field.dispatchEvent(new Event("filled", { bubbles: true }));
}
