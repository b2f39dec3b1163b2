// @ts-check
/**
 * What a page does beyond its HTML begins once the page is seen: before that it would only hold the first paint
 * up. Pages read, links lead and filters send without any of it. A form that needs it is kept until then, or the
 * browser would write its fields into the address.
 */

const LONGEST_MS = 1000;

/** @type {Map<HTMLFormElement, HTMLElement | null>} A form and its button, once however often it was pressed. */
const kept = new Map();

/** @param {SubmitEvent} event */
function keep(event) {
  if (!(event.target instanceof HTMLFormElement) || event.target.dataset.json === undefined) return;
  event.preventDefault();
  kept.set(event.target, event.submitter);
}

/** @returns {Promise<void>} Kept after the first paint, or soon in a tab that nobody looks at. */
function seen() {
  return new Promise((resolve) => {
    new PerformanceObserver((list, observer) => {
      if (list.getEntriesByName("first-contentful-paint").length === 0) return;
      observer.disconnect();
      resolve();
    }).observe({ type: "paint", buffered: true });
    setTimeout(resolve, LONGEST_MS);
  });
}

/** @returns {Promise<void>} */
function loaded() {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => window.addEventListener("load", () => resolve(), { once: true }));
}

function addHtmx() {
  const script = document.createElement("script");
  /** @type {HTMLScriptElement | null} */
  const ours = document.querySelector("script[nonce]");
  script.nonce = ours?.nonce ?? "";
  script.src = new URL("../vendor/htmx/htmx.min.js", import.meta.url).href;
  document.head.append(script);
}

async function begin() {
  // htmx starts by itself only in a document that is not read yet, or complete.
  await Promise.all([seen(), loaded()]);
  addHtmx();
  await import("./app.js");
  document.removeEventListener("submit", keep);
  for (const [form, button] of kept) form.requestSubmit(button);
}

document.addEventListener("submit", keep);
void begin();
