// @ts-check
/** The same for pages without the shell. */
import { startCopy } from "./copy.js";
import { startForms } from "./forms.js";

startCopy();
startForms();
