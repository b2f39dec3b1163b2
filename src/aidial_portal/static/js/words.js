// @ts-check
/**
 * The words of scripts in the page's language: `_("Saved")`, `_("Saved as {name}", { name })`. The English text is
 * the key. English has no file; the words of other languages are there before any module that says them begins.
 */

export const LANGUAGE = document.documentElement.lang || "en-AU";

/** @type {Record<string, string[]>} */
let known = {};
if (!LANGUAGE.startsWith("en")) {
  const answer = await fetch(new URL(`../words/${LANGUAGE}.json`, import.meta.url)).catch(() => null);
  if (answer?.ok) known = await answer.json();
}
const ORDER = ["zero", "one", "two", "few", "many", "other"];
const rules = new Intl.PluralRules(LANGUAGE);
const forms = rules.resolvedOptions().pluralCategories.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));

/** @param {string} text @param {Record<string, unknown>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** @param {string} text @param {Record<string, unknown>} [values] @returns {string} */
export function _(text, values = {}) {
  return filled(known[text]?.[0] ?? text, values);
}

/** @param {string} one @param {string} many @param {number} number @param {Record<string, unknown>} [values] @returns {string} */
export function ngettext(one, many, number, values = {}) {
  const text = known[one]?.[forms.indexOf(rules.select(number))] ?? (number === 1 ? one : many);
  return filled(text, values);
}
