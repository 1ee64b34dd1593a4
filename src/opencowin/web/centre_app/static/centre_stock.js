/* Vials opened, doses that cannot be given, and the closing of the session: what was drawn is what was given or wasted. */
import { button, choice, field, form, h, own, screen, t, tell, whole } from "./centre_dom.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import { exportButton } from "./centre_file.js";
import { start } from "./centre_way.js";

const REASONS = ["broken", "contaminated", "frozen", "heat", "expired", "open_vial", "other"];
const sum = (list) => list.reduce((one, other) => one + other, 0);

/* By batch: doses drawn, given, wasted; what is left of opened vials is wasted at the end. */
export function balance() {
  const of = (kind, amount) => (number) => sum((kind === "dose" ? shift.doses() : shift.recorded(kind)).filter(({ record }) => record.batch === number).map(({ record }) => amount(record)));
  const [given, drawn, vials, wasted] = [of("dose", () => 1), of("vials", (one) => one.vials * one.doses_per_vial), of("vials", (one) => one.vials), of("waste", (one) => one.doses)];
  const numbers = [...new Set(["dose", "vials", "waste"].flatMap((kind) => shift.recorded(kind)).map(({ record }) => record.batch))];
  return numbers.map((number) => {
    const one = { number, given: given(number), drawn: drawn(number), vials: vials(number), wasted: wasted(number) };
    return { ...one, rest: one.drawn - one.given - one.wasted };
  });
}

/* Each batch with what was drawn of it, and what became of that. */
const tally = (rows) => rows.map((one) => h("section", { class: "card", "aria-label": `${t("reconcile")} ${one.number}` }, h("h2", {}, t("batch"), " ", own(one.number)),
  h("dl", { class: "facts tally" }, [["vials", one.vials], ["doses_drawn", one.drawn], ["given", one.given], ["wasted", one.wasted], ["rest", one.rest]]
    .map(([key, number]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, whole(number)))))));

const batches = () => {
  const known = shift.session().batches.map(({ number }) => number);
  return [...new Set([shift.current().batch, ...known])].map((number) => [number, number]);
};
const perVial = (number) => shift.session().batches.find((one) => one.number === number)?.doses_per_vial ?? 10;
const count = (text) => (/^\d{1,4}$/.test(text) ? Number(text) : NaN);

function vialsScreen(about) {
  const { session, batch } = shift.current();
  const of = { session, vaccine: shift.session().vaccine };
  const rows = balance();
  const chosen = choice("batch", "batch", batches(), batch);
  const doses = field("per", "doses_per_vial", { inputmode: "numeric", maxlength: 3, class: "short", value: perVial(batch) });
  chosen.addEventListener("change", ({ target }) => { doses.querySelector("input").value = perVial(target.value); });
  screen(t("vials"), about?.done ? h("p", { class: "done", role: "status" }, about.done) : null, tally(rows),
    h("div", { class: "pair" },
      form({ class: "card" }, [h("h2", {}, t("vials_open")), chosen,
        field("vials", "vials_how_many", { inputmode: "numeric", maxlength: 4, class: "short", value: 1 }), doses,
        h("p", {}, h("button", { class: "main" }, t("note_down"))),
      ], async (said) => {
        const [vials, per] = [count(said.vials), count(said.per)];
        if (!(vials >= 1)) return { vials: t("number_wrong") };
        if (!(per >= 1)) return { per: t("number_wrong") };
        await queue.add("vials", { ...of, batch: said.batch, vials, doses_per_vial: per });
        await start("vials", { done: t("noted") });
      }),
      form({ class: "card" }, [h("h2", {}, t("waste_note")), h("p", { class: "note" }, t("waste_text")),
        choiceOf("waste_batch", batch), field("doses", "doses_how_many", { inputmode: "numeric", maxlength: 4, class: "short" }),
        choice("reason", "why", REASONS.map((one) => [one, t(`waste_${one}`)]), "broken"),
        h("p", {}, h("button", {}, t("note_down"))),
      ], async (said) => {
        const wasted = count(said.doses);
        if (!(wasted >= 1)) return { doses: t("number_wrong") };
        await queue.add("waste", { ...of, batch: said.waste_batch, doses: wasted, reason: said.reason });
        await start("vials", { done: t("noted") });
      })));
}

const choiceOf = (id, batch) => choice(id, "batch", batches(), batch);

function closeScreen() {
  const rows = balance();
  const more = rows.filter(({ rest }) => rest < 0);
  const unsent = queue.unsent();
  screen(t("close_title"), rows.length ? tally(rows) : h("p", {}, t("nothing_recorded")),
    rows.some(({ rest }) => rest > 0) ? h("p", {}, t("rest_wasted")) : null,
    more.length ? h("p", { class: "faults" }, t("more_than_drawn")) : null,
    h("p", { class: "held" }, t("close_text")),
    unsent ? h("p", { class: "held" }, t("unsent_here", { count: unsent })) : null,
    queue.attention().length ? h("p", { class: "held" }, t("attention_stays", { count: queue.attention().length })) : null,
    form({}, [
      field("explanation", "explanation", { maxlength: 500 }, more.length ? t("explanation_needed") : ""),
      h("p", {}, h("button", { class: "main" }, t("close_do"))),
    ], async ({ explanation }) => {
      if (more.length && explanation.length < 3) return { explanation: t("fill_in") };
      await shift.close(explanation);
      await start("closed");
    }));
}

let ending = false;

/* The session is closed: what is not sent yet stays until it is, then nothing is left here. */
async function closedScreen() {
  if (ending) return;
  if (!queue.unsent()) {
    ending = true;
    await shift.finish();
    ending = false;
    dispatchEvent(new CustomEvent("screen"));
    screen(t("closed_done"), h("p", { class: "done" }, t("closed_wiped")), h("p", {}, button("begin", () => start("signIn"), { class: "main" })));
    return;
  }
  const count = h("p", { class: "held", role: "status" });
  const draw = () => { count.textContent = t("unsent_here", { count: queue.unsent() }); };
  draw();
  screen(t("closed_waiting"), h("p", {}, t("closed_text")), count,
    h("p", { class: "buttons" }, button("send_now", async () => {
      tell(t("wait"));
      await queue.send();
      tell(queue.unsent() ? t("no_line") : "");
    }, { class: "main" }), exportButton()));
  addEventListener("queue", draw);
}

export const screens = { vials: vialsScreen, close: closeScreen, closed: closedScreen };
