// @ts-check
/** What may wait until the page is seen waits here: before that it would only hold the first paint up. */

const LONGEST_MS = 1000;

/** @param {() => void} work Done once: after the first paint, or soon in a tab that nobody looks at. */
export function afterPaint(work) {
  let isDone = false;
  const go = () => {
    if (isDone) return;
    isDone = true;
    work();
  };
  new PerformanceObserver((list, observer) => {
    if (list.getEntriesByName("first-contentful-paint").length === 0) return;
    observer.disconnect();
    go();
  }).observe({ type: "paint", buffered: true });
  setTimeout(go, LONGEST_MS);
}
