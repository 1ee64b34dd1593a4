/* Elements, screens, texts, and what is said to those who do not see. Texts are set as texts, never as HTML. */
let words = { texts: {}, language: "en", direction: "ltr", locale: "en" };

export function speak(chosen) {
  words = chosen;
  Object.assign(document.documentElement, { lang: chosen.language, dir: chosen.direction });
}

export const spoken = () => words;

export function t(key, values = {}) {
  const text = words.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/* An element: properties, `on` for listeners, `data` for data attributes, everything else as attributes. */
export function h(tag, facts = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, then] of Object.entries(value)) made.addEventListener(event, then);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/* Somebody's or something's own name: its direction is its own, and so is its language where it is written in English. */
export const own = (text) => h("bdi", { lang: words.language !== "en" && /^[\x20-\x7e]*$/.test(text) ? "en" : null }, String(text));
export const whole = (text) => h("bdi", { class: "whole", dir: "ltr" }, String(text));

/* A text with elements in its places. */
export function filled(key, values) {
  return t(key).split(/(\{\w+\})/).map((part) => values[/^\{(\w+)\}$/.exec(part)?.[1]] ?? part);
}

const formed = (options, at) => new Intl.DateTimeFormat(words.locale, { numberingSystem: "latn", ...options }).format(at);
export const clock = (at) => formed({ hour: "numeric", minute: "2-digit" }, at).replaceAll(/\s/g, "\u00a0");
export const dayOf = (text) => formed({ day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }, new Date(`${text}T00:00:00Z`));

const main = () => document.getElementById("main");
const told = () => document.getElementById("told");
let leaving = null;
let begun = false;

/* Another screen: its heading gets the focus, so that who listens hears where they are; the first one is the page's. */
export function screen(title, ...content) {
  leaving?.();
  leaving = null;
  const heading = h("h1", { tabindex: -1 }, title);
  main().replaceChildren(heading, ...content.flat(3).filter(Boolean));
  document.title = `${heading.textContent} · ${t("app")}`;
  const done = main().querySelector(":scope > .done");
  if (done) {
    done.id = "done";
    heading.setAttribute("aria-describedby", "done");
  }
  if (begun) heading.focus();
  begun = true;
  scrollTo(0, 0);
}

/* What ends with the screen that is shown now: a camera, a timer. */
export const whenLeft = (then) => { leaving = then; };

export function tell(text) {
  told().textContent = "";
  told().textContent = text;
}

export const button = (key, then, facts = {}) => h("button", { type: "button", on: { click: then }, ...facts }, t(key));

export function field(id, key, facts = {}, hint = "") {
  return h("p", { class: "field", data: { field: id } },
    h("label", { for: id }, t(key)), hint && h("span", { class: "hint", id: `${id}-hint` }, hint),
    h("input", { id, name: id, "aria-describedby": hint ? `${id}-hint` : null, autocomplete: "off", ...facts }));
}

export function choice(id, key, options, chosen, facts = {}) {
  return h("p", { class: "field", data: { field: id } }, h("label", { for: id }, t(key)),
    h("select", { id, name: id, ...facts }, options.map(([value, text, more]) => h("option", { value, selected: String(value) === String(chosen), ...more }, text))));
}

export const tick = (id, key, facts = {}) => h("label", { class: "option", data: { field: id } },
  h("input", { type: "checkbox", id, name: id, ...facts }), h("span", {}, t(key)));

export const radios = (name, key, options, chosen) => h("fieldset", { data: { field: name }, id: name, tabindex: -1 },
  h("legend", {}, t(key)), options.map(([value, text]) => h("label", { class: "option" },
    h("input", { type: "radio", name, value, checked: value === chosen }), h("span", {}, text))));

/* A form: `sent` gets its fields, and answers with faults by field, or nothing. */
export function form(facts, content, sent) {
  const made = h("form", { novalidate: true, autocomplete: "off", ...facts }, content);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (made.dataset.busy) return;
    made.dataset.busy = "yes";
    clear(made);
    try {
      const fields = Object.fromEntries([...new FormData(made)].map(([name, value]) => [name, value.trim()]));
      const faults = await sent(fields);
      if (faults && Object.keys(faults).length) showFaults(made, faults);
    } catch (odd) {
      showFaults(made, { tablet: t("not_kept") });
      throw odd;
    } finally {
      delete made.dataset.busy;
    }
  });
  return made;
}

function clear(made) {
  made.querySelectorAll(".fault, .faults").forEach((one) => one.remove());
  made.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
}

function showFaults(made, faults) {
  const linked = Object.entries(faults).map(([name, text]) => {
    const place = made.querySelector(`[data-field="${name}"]`);
    if (!place) return h("li", {}, text);
    const control = place.id === name ? place : place.querySelector("input,select,textarea");
    control.setAttribute("aria-invalid", "true");
    const fault = h("span", { class: "fault", id: `${name}-fault` }, text);
    (place.querySelector("label:not(.option),legend") ?? place.firstChild).after(fault);
    if (control.localName !== "fieldset") control.setAttribute("aria-describedby", fault.id);
    return h("li", {}, h("a", { href: `#${name}`, on: { click: (event) => { event.preventDefault(); control.focus(); } } }, text));
  });
  const box = h("div", { class: "faults", role: "group", "aria-labelledby": "faults-title", tabindex: -1 },
    h("h2", { id: "faults-title" }, t("faults")), h("ul", { class: "plain" }, linked));
  made.prepend(box);
  box.focus();
}
