/* After the dose: thirty minutes under observation, side effects, and undoing what was recorded by mistake. */
import { button, clock, field, filled, form, h, own, radios, screen, t, tell, whenLeft, whole } from "./centre_dom.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import { OBSERVED } from "./centre_person.js";
import { go, start } from "./centre_way.js";

const left = ({ record }) => Date.parse(record.at) + OBSERVED - queue.now().getTime();
const eventsOf = ({ id }) => queue.all().filter(({ record }) => record.kind === "adverse_event" && record.dose === id);
export const observed = () => shift.doses().filter((entry) => left(entry) > 0);

function watchScreen(about) {
  const all = [...shift.doses()].reverse();
  const under = all.filter((entry) => left(entry) > 0).reverse();
  const over = all.filter((entry) => left(entry) <= 0);
  const timers = [];
  const minutes = (entry) => {
    const shown = h("b", { class: "timer" });
    timers.push([entry, shown]);
    return shown;
  };
  const row = (entry, timed) => h("li", { class: "card" },
    h("p", { class: "who" }, h("b", {}, own(entry.shown.name)), h("span", { class: "note" }, ` ${t("dose_number", { number: entry.record.dose })} · `, whole(clock(new Date(entry.record.at))))),
    h("p", {}, timed ? minutes(entry) : h("span", { class: "badge good" }, t("may_go")), eventsOf(entry).length ? h("span", { class: "badge" }, t("effect_reported")) : null),
    h("p", { class: "buttons" }, button("effect", () => go("effect", entry), { class: "small" }), button("undo", () => go("undo", entry), { class: "small" })));
  screen(t("observation"), about?.done ? h("p", { class: "done", role: "status" }, about.done) : null,
    under.length ? h("ul", { class: "plain cards" }, under.map((entry) => row(entry, true))) : h("p", {}, t("nobody_observed")),
    over.length ? [h("h2", {}, t("may_go")), h("ul", { class: "plain cards" }, over.map((entry) => row(entry, false)))] : null);
  const tick = () => {
    for (const [entry, shown] of timers) {
      const rest = left(entry);
      shown.textContent = rest > 0 ? t("minutes_left", { minutes: Math.ceil(rest / 60000) }) : t("may_go");
      if (rest <= 0 && !shown.dataset.over) {
        shown.dataset.over = "yes";
        tell(`${entry.shown.name}: ${t("may_go")}`);
      }
    }
  };
  tick();
  const beat = setInterval(tick, 5000);
  whenLeft(() => clearInterval(beat));
}

function effectScreen(entry) {
  screen(t("effect"), h("p", {}, filled("effect_of", { name: own(entry.shown.name), number: String(entry.record.dose) })), form({}, [
    radios("severity", "severity", [["minor", t("minor")], ["severe", t("severe")], ["serious", t("serious")]], ""),
    h("p", { class: "field", data: { field: "description" } }, h("label", { for: "description" }, t("what_seen")),
      h("textarea", { id: "description", name: "description", rows: 4, maxlength: 1000 })),
    h("p", {}, h("button", { class: "main" }, t("report"))),
  ], async ({ severity, description }) => {
    const faults = {};
    if (!severity) faults.severity = t("choose_one");
    if (description.length < 2) faults.description = t("fill_in");
    if (Object.keys(faults).length) return faults;
    await queue.add("adverse_event", { dose: entry.id, severity, description }, { name: entry.shown.name });
    await start("watch", { done: t("effect_kept") });
  }));
}

function undoScreen(entry) {
  screen(t("undo_title"), h("p", {}, filled("undo_of", { name: own(entry.shown.name), number: String(entry.record.dose), time: whole(clock(new Date(entry.record.at))) })),
    h("p", { class: "held" }, t("undo_text")), form({}, [
      field("reason", "why", { maxlength: 300 }, t("why_hint")),
      h("p", { class: "buttons" }, h("button", { class: "main" }, t("undo_do")), button("back", () => history.back())),
    ], async ({ reason }) => {
      if (reason.length < 3) return { reason: t("fill_in") };
      await queue.add("undo", { dose: entry.id, reason }, { name: entry.shown.name });
      await start("watch", { done: t("undo_kept") });
    }));
}

export const screens = { watch: watchScreen, effect: effectScreen, undo: undoScreen };
