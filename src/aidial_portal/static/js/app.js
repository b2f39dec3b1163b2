// @ts-check
/** Starts what a signed-in page does beyond its HTML. Everything here is an addition: pages read without it. */
import { startMenus } from "./menus.js";
import { startTheme } from "./theme.js";
import { startPalette } from "./palette.js";
import { startSessionWatch } from "./session-watch.js";
import { startTableKeys } from "./table-keys.js";
import { startReview } from "./review.js";
import { startCharts } from "./chart-readout.js";
import { startCopy } from "./copy.js";
import { startForms } from "./forms.js";
import { startJsonForms } from "./json-forms.js";
import { startTickets } from "./tickets.js";
import { startRows } from "./rows.js";
import { startVersions } from "./versions.js";
import { startUnlocks } from "./unlocks.js";
import { startBanners } from "./banners.js";
import { startDisplay } from "./display.js";
import { startSkeletons } from "./skeletons.js";
import { startRequests } from "./requests.js";

// Files are made seldom: what makes them is loaded when somebody asks for one.
document.addEventListener("click", (event) => {
  const asked = event.target instanceof Element ? event.target.closest("[data-export], a[data-file]") : null;
  if (!(asked instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  import("./files.js").then(
    (files) => files.startFile(asked),
    () => asked instanceof HTMLAnchorElement && location.assign(asked.href),
  );
});
// So are the further turns of a long call.
document.addEventListener("click", (event) => {
  const on = event.target instanceof Element ? event.target.closest("a[data-more-turns]") : null;
  if (!(on instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  import("./turns.js").then(
    (turns) => turns.readOn(on),
    () => location.assign(on.href),
  );
});
const live = document.querySelector("[data-live]");
if (live instanceof HTMLElement) import("./live.js").then((module) => module.startLive(live));
// So is what plays a recording: at the first press on a player, or the choice of a voice.
for (const [happened, part] of [["click", "[data-player] button"], ["change", "[data-player-side]"]]) {
  document.addEventListener(happened, (event) => {
    const pressed = event.target instanceof Element ? event.target.closest(part) : null;
    if (pressed instanceof HTMLElement) void import("./player.js").then((player) => player.press(pressed));
  });
}
startMenus();
startTheme();
startDisplay();
startPalette();
startReview();
startTableKeys();
startSkeletons();
startCharts();
startCopy();
startForms();
startJsonForms();
startTickets();
startRows();
startVersions();
const notices = document.querySelector("form:has([data-notice-template])");
if (notices instanceof HTMLFormElement) void import("./notices.js").then((module) => module.startNotices(notices));
if (document.querySelector("[data-counted]")) void import("./counts.js").then((counts) => counts.startCounts());
startUnlocks();
startBanners();
startRequests();
if (document.querySelector("[data-minute]")) void import("./minute.js").then((minute) => minute.startMinute());
startSessionWatch();
// What sticks is a layer of its own, which the first paint need not wait for either.
document.documentElement.classList.add("is-painted");
