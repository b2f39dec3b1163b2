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
import { afterPaint } from "./painted.js";
import { startJsonForms } from "./json-forms.js";
import { startTickets } from "./tickets.js";
import { startRows } from "./rows.js";
import { startVersions } from "./versions.js";

startMenus();
startTheme();
startPalette();
startReview();
startTableKeys();
startCharts();
startCopy();
startForms();
startJsonForms();
startTickets();
startRows();
startVersions();
// What sticks is a layer of its own, and asking for the session's state keeps the server busy.
afterPaint(() => {
  document.documentElement.classList.add("is-painted");
  startSessionWatch();
});
