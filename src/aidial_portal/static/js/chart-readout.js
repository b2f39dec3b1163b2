// @ts-check
/** Reads a chart bar by bar, or hour by hour in rows of `data-columns`: arrow keys, Home, End, or the pointer. */

/** @param {HTMLElement} plot */
function wire(plot) {
  const place = plot.parentElement?.querySelector("[data-finding]");
  const bars = [...plot.querySelectorAll("[data-read]")];
  if (!(place instanceof HTMLElement) || bars.length === 0) return;
  const finding = [...place.childNodes].map((node) => node.cloneNode(true));
  const columns = Number(plot.dataset.columns ?? 0);
  let at = -1;

  /** @param {number} wanted */
  const within = (wanted) => (wanted >= 0 && wanted < bars.length ? wanted : at);

  /** @param {number} wanted */
  const read = (wanted) => {
    at = Math.max(0, Math.min(wanted, bars.length - 1));
    bars.forEach((bar, index) => bar.classList.toggle("is-read", index === at));
    place.textContent = bars[at].getAttribute("data-read");
  };
  const rest = () => {
    at = -1;
    for (const bar of bars) bar.classList.remove("is-read");
    place.replaceChildren(...finding.map((node) => node.cloneNode(true)));
  };
  plot.addEventListener("keydown", (event) => {
    const moves = {
      ArrowRight: at + 1, ArrowLeft: at < 0 ? bars.length - 1 : at - 1, Home: 0, End: bars.length - 1,
      ...(columns ? { ArrowDown: at < 0 ? 0 : within(at + columns), ArrowUp: at < 0 ? 0 : within(at - columns) } : {}),
    };
    if (event.key === "Escape") return rest();
    if (!(event.key in moves)) return;
    event.preventDefault();
    place.setAttribute("aria-live", "polite");
    read(moves[/** @type {keyof typeof moves} */ (event.key)]);
  });
  bars.forEach((bar, index) => bar.addEventListener("pointerenter", () => read(index)));
  plot.addEventListener("pointerleave", rest);
  plot.addEventListener("blur", rest);
  // The browser's own tooltip would stand over the read-out.
  for (const title of plot.querySelectorAll("title")) title.remove();
}

export function startCharts() {
  for (const plot of document.querySelectorAll("[data-chart]")) if (plot instanceof HTMLElement) wire(plot);
}
