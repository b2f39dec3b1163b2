// @ts-check
/**
 * Forms that are sent as JSON: `<form data-json="/api/..." data-method="PUT" data-then="/support/{ticket/ticket_id}">`.
 *
 * A field's name is where it stands in the body, with slashes: `value/timezone`, `value/entries/0/cidr`. Its
 * `data-type` may be `whole`, `yes` (a box that is ticked or not), `ticked` (a box that is left out unless it
 * is ticked), `lines` (a list, one a line), `object` (an empty one), `ranges` (hours), `compact` (a number without its spaces) or `optional` (empty is left out). A `-` in a name is the next place
 * of a list: `call_ids/-`. `data-then` is where to go: `reload`, a path with `{members}` of the answer, or
 * `open:url` for an address that the answer's member `url` holds.
 */
import { typed } from "./field-values.js";
import { announce, send } from "./http.js";
import { _ } from "./words.js";

const PROBLEM = "-problem";

/** @param {unknown} value @param {string} path */
const member = (value, path) =>
  path.split("/").reduce((at, name) => /** @type {any} */ (at)?.[name], /** @type {any} */ (value));

/** @param {any} body @param {string} name @param {unknown} value */
function put(body, name, value) {
  const parts = name.split("/");
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    if (last && part === "-") body.push(value);
    else if (last) body[part] = value;
    else body = body[part] ??= /^(\d+|-)$/.test(parts[index + 1]) ? [] : {};
  });
}

/** @param {HTMLFormElement} form */
function fields(form) {
  return /** @type {(HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement)[]} */ (
    [...form.elements].filter((one) => "name" in one && one.name && !(one instanceof HTMLButtonElement))
  ).filter((one) => !(one instanceof HTMLInputElement && one.type === "radio" && !one.checked));
}

/** @param {HTMLFormElement} form */
export function bodyOf(form) {
  const body = {};
  // A list without rows is an empty list, not nothing.
  for (const group of form.querySelectorAll("[data-rows]")) {
    if (group instanceof HTMLElement) put(body, group.dataset.rows ?? "", []);
  }
  for (const field of fields(form)) {
    const value = typed(field);
    if (value !== undefined) put(body, field.name, value);
    // A day without hours is closed: the one field says both.
    if (field.dataset.type === "ranges" && /\/\d+\/ranges$/.test(field.name)) put(body, field.name.replace(/ranges$/, "closed"), value.length === 0);
  }
  return body;
}

/** @param {any} body The members every family of errors has, wherever it keeps them. */
function errorOf(body) {
  const inner = typeof body?.error === "object" ? body.error : body ?? {};
  const details = inner.details ?? body?.details ?? {};
  const message = inner.message ?? body?.message ?? "";
  return {
    code: inner.code ?? (typeof body?.error === "string" ? body.error : ""),
    message: _(message),
    fields: (details.field_errors ?? inner.field_errors ?? body?.field_errors ?? []).map((/** @type {any} */ one) => ({ ...one, message: _(one.message) })),
    details,
  };
}

/** @param {HTMLFormElement} form */
function clear(form) {
  form.querySelector("[data-form-error]")?.remove();
  for (const one of form.querySelectorAll("[data-field-error]")) one.remove();
  for (const one of form.querySelectorAll("[aria-invalid]")) {
    one.removeAttribute("aria-invalid");
    const notes = (one.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && !id.endsWith(PROBLEM));
    if (notes.length) one.setAttribute("aria-describedby", notes.join(" "));
    else one.removeAttribute("aria-describedby");
  }
}

/** @param {HTMLFormElement} form @param {string} heading What is wrong, in front of the form and in the focus. @param {{ href?: string, text: string }[]} lines @param {string | null} id */
export function summary(form, heading, lines, id) {
  const box = document.createElement("div");
  box.className = "error-summary";
  box.dataset.formError = "";
  box.tabIndex = -1;
  box.setAttribute("role", "alert");
  const head = document.createElement("h2");
  head.textContent = heading;
  const list = document.createElement("ul");
  for (const line of lines) {
    const item = document.createElement("li");
    const at = line.href ? document.createElement("a") : item;
    if (at instanceof HTMLAnchorElement && line.href) at.href = line.href;
    at.textContent = line.text;
    if (at !== item) item.append(at);
    list.append(item);
  }
  const inner = document.createElement("div");
  inner.append(head, list);
  if (id) {
    const small = document.createElement("p");
    small.className = "small quiet";
    small.textContent = _("Request id {id}", { id });
    inner.append(small);
  }
  box.append(inner);
  form.prepend(box);
  box.focus();
}

/** @param {HTMLFormElement} form @param {string} name The list of rows of that name. */
const groupOf = (form, name) =>
  /** @type {HTMLFieldSetElement | undefined} */ ([...form.querySelectorAll("fieldset[data-rows]")].find((one) => one.getAttribute("data-rows") === name));

/** @param {HTMLElement & { name: string }} field @param {string} name Where the error is. @returns {string} `Line 8: ` of a list that is typed one a line, where lines count that hold something. */
function lineOf(field, name) {
  const place = name.slice(field.name.length + 1);
  return field.dataset.type === "lines" && /^\d+$/.test(place) ? `${_("Line {number}", { number: Number(place) + 1 })}: ` : "";
}

/** @param {HTMLFormElement} form @param {{ field: string, message: string }} error */
function mark(form, error) {
  const name = error.field.replace(/^\//, "");
  const known = fields(form);
  const field = known.find((one) => one.name === name) ?? known.find((one) => name.startsWith(`${one.name}/`)) ?? groupOf(form, name);
  if (!field) return { text: error.message };
  const hidden = field.closest("[hidden]");
  if (hidden instanceof HTMLElement) hidden.hidden = false;
  const label = field.dataset.label ?? ("labels" in field ? field.labels?.[0]?.textContent?.trim() : "");
  if (!field.id) field.id = `field-${name.replaceAll("/", "-")}`;
  const message = `${lineOf(field, name)}${error.message}`;
  const earlier = document.getElementById(`${field.id}${PROBLEM}`);
  if (earlier) {
    // The same field again: another of its lines.
    earlier.textContent += ` ${message}`;
    return { href: `#${field.id}`, text: label ? `${label}: ${message}` : message };
  }
  const note = document.createElement("p");
  note.className = "field-error";
  note.id = `${field.id}${PROBLEM}`;
  note.dataset.fieldError = "";
  note.textContent = message;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", [note.id, field.getAttribute("aria-describedby")].filter(Boolean).join(" "));
  if (field instanceof HTMLFieldSetElement) field.append(note);
  else (field.closest("label") ?? field).after(note);
  return { href: `#${field.id}`, text: label ? `${label}: ${message}` : message };
}

/** @param {string} address Only https, or a page of ours. */
function leave(address) {
  const url = new URL(address, location.href);
  if (url.protocol === "https:" || url.origin === location.origin) location.assign(url.href);
}

/** @param {HTMLFormElement} form Whether a choice was changed that the whole page follows: its language. */
const isRedrawn = (form) =>
  [...form.querySelectorAll("select[data-reload]")].some((one) => one instanceof HTMLSelectElement && !one.selectedOptions[0]?.defaultSelected);

/** @param {HTMLFormElement} form */
async function submit(form) {
  const button = form.querySelector("button[type=submit]");
  clear(form);
  button?.setAttribute("disabled", "");
  const headers = form.dataset.key ? { "Idempotency-Key": form.dataset.key } : {};
  const answer = await send(form.dataset.json ?? "", form.dataset.method ?? "POST", bodyOf(form), headers).catch(() => null);
  const body = await answer?.json().catch(() => null);
  button?.removeAttribute("disabled");
  if (answer?.ok) {
    form.dispatchEvent(new CustomEvent("json-sent", { bubbles: true, cancelable: true, detail: body }));
    const then = form.dataset.then ?? "reload";
    delete form.dataset.changed;
    if (then === "reload" || isRedrawn(form)) return location.reload();
    form.dataset.key = crypto.randomUUID?.() ?? "";
    if (then.startsWith("open:")) return leave(String(member(body, then.slice(5))));
    const said = form.querySelector("[data-said-place]");
    if (said && form.dataset.said) said.textContent = form.dataset.said.replace(/\{([^}]+)\}/g, (_, path) => String(member(body, path)));
    else if (then === "stay") announce(_("Saved"));
    if (then === "stay") return;
    return location.assign(then.replace(/\{([^}]+)\}/g, (_, path) => encodeURIComponent(String(member(body, path)))));
  }
  const error = errorOf(body);
  // Refused for good: what is sent next is another request. Without an answer it may have been done.
  const settled = answer && answer.status < 500 && !["request_in_progress", "rate_limited", "upstream_rate_limited"].includes(error.code);
  if (settled) form.dataset.key = crypto.randomUUID?.() ?? "";
  const id = answer?.headers.get("X-Request-Id") ?? null;
  const conflict = new CustomEvent("json-refused", { bubbles: true, cancelable: true, detail: { error, status: answer?.status } });
  if (!form.dispatchEvent(conflict)) return;
  const lines = error.fields.map((/** @type {any} */ one) => mark(form, one));
  const heading = lines.length ? _("Some of this needs a change") : _("That was not saved");
  const wait = answer?.headers.get("Retry-After");
  const fallback = answer ? error.message : _("The portal did not answer. Check your connection and try again.");
  summary(form, heading, lines.length ? lines : [{ text: wait ? `${fallback} ${_("Try again in {seconds} s.", { seconds: wait })}` : fallback }], id);
}

export function startJsonForms() {
  // Asked of the document: a form may come with a piece of the page that is loaded later.
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-json]") : null;
    if (form instanceof HTMLFormElement) form.dataset.changed = "";
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.json === undefined) return;
    event.preventDefault();
    form.dataset.key ??= crypto.randomUUID?.() ?? "";
    void submit(form);
  });
  // What was typed is not lost by a slip of the finger.
  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-json][data-changed]")) event.preventDefault();
  });
}
