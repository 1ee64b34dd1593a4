/* One person: who they are by their document, their secret code, and the dose, recorded with one button. */
import { button, choice, clock, dayOf, field, filled, form, h, own, radios, screen, spoken, t, tick, whole } from "./centre_dom.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import { givenHere, digits } from "./centre_next.js";
import { go, start } from "./centre_way.js";

export const OBSERVED = 30 * 60000;
const named = (list, english) => spoken()[list].find((one) => one.english === english)?.name ?? english;
export const facts = (pairs) => h("dl", { class: "facts columns" }, pairs.filter(Boolean).map(([key, ...values]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, values))));

const before = (doses) => doses.map((one) => h("span", { class: "line" }, `${one.dose} · `, own(shift.vaccine(one.vaccine)), ` · ${dayOf(one.date)}`));

function identity({ reference, known, certificate, again }) {
  if (again) return [h("p", { class: "faults" }, own(again.answer.text)), facts([["reference", whole(again.record.reference)]])];
  if (known) {
    return [
      h("p", { class: "held" }, t("check_document")),
      facts([
        ["name", own(known.name)], ["year_of_birth", String(known.birth_year)], ["gender", named("genders", known.gender)],
        ["document", named("documents", known.document), " ", whole(`…${known.document_end}`)],
        known.doses.length > 0 && ["doses_before", before(known.doses)],
        ["reference", whole(reference)],
      ]),
    ];
  }
  if (!certificate) return [facts([["reference", whole(reference)]]), h("p", { class: "held" }, t("not_in_list"))];
  return [
    h("p", { class: "done" }, t("certificate_genuine")),
    facts([["name", own(certificate.name)], ["year_of_birth", whole(certificate.birth)],
      ["doses_before", own(certificate.vaccine), ` · ${t("dose_of", { number: certificate.dose, total: certificate.total })} · ${dayOf(certificate.day)}`],
      reference && ["reference", whole(reference)]]),
    reference && h("p", { class: "held" }, t("not_in_list")),
  ];
}

export const doseNumbers = () => Object.keys(shift.current().rules[shift.session().vaccine]?.doses ?? { 1: 0, 2: 0 });
export const doseChoice = (chosen) => choice("dose", "which_dose", doseNumbers().map((one) => [one, t("dose_number", { number: one })]), chosen, { class: "short" });

/* What is given, from which batch; to be changed where the vial is another. */
export const batchLine = () => h("p", { class: "note" }, own(shift.vaccine(shift.session().vaccine)), " · ", t("batch"), " ", own(shift.current().batch), " ",
  button("change", () => go("batch"), { class: "small" }));

export const warned = (list) => (list.length ? h("div", { class: "faults", "data-field": "anyway", id: "anyway", tabindex: -1 },
  h("ul", { class: "plain" }, list.map(([key, values]) => h("li", {}, t(key, values)))),
  tick("anyway_tick", "anyway", { name: "anyway" })) : null);

/* Whether the code may be this person's: its mark tells most wrong ones, and leaves hundreds that it might be. */
async function fits({ reference, code_mark: mark }, code) {
  const [first] = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${reference}:${code}`)));
  return mark === undefined || first % 16 === mark;
}

/* `again` is a record that needs attention and that this one corrects. */
function personScreen({ reference, known, certificate, again }) {
  const due = known?.dose ?? again?.record.dose ?? (certificate ? Number(certificate.dose) + 1 : 1);
  const person = known && { birthYear: known.birth_year, doses: known.doses, given: known.given || givenHere(reference) };
  const warnings = known ? shift.warnings(person, due) : [];
  screen(known ? t("dose_number", { number: due }) : t("dose_record"), identity({ reference, known, certificate, again }), form({}, [
    !reference && field("reference", "reference", { inputmode: "numeric", maxlength: 20 }),
    !known && doseChoice(due),
    warned(warnings),
    field("code", "secret_code", { inputmode: "numeric", maxlength: 4, class: "short" }, t("secret_code_hint")),
    tick("without", "without_code"),
    batchLine(),
    h("p", {}, h("button", { class: "main wide-button" }, t("record"))),
  ], async (said) => {
    const faults = {};
    const code = digits(said.code);
    const whose = reference ?? digits(said.reference);
    if (!/^\d{14}$/.test(whose)) faults.reference = t("reference_wrong");
    if (!said.without && !/^\d{4}$/.test(code)) faults.code = t("secret_code_wrong_form");
    else if (!said.without && known && !(await fits(known, code))) faults.code = t("secret_code_other");
    if (warnings.length && !said.anyway) faults.anyway = t("anyway_needed");
    if (Object.keys(faults).length) return faults;
    const name = known?.name ?? certificate?.name ?? `…${whose.slice(-4)}`;
    await give({ reference: Number(whose), secret_code: code, dose: Number(said.dose ?? due) }, name, again);
  }), again && h("p", {}, button("back", () => history.back())));
}

/* Keep the dose on this tablet, then say so. */
export async function give(says, name, again) {
  const entry = await queue.add("dose", {
    session: shift.current().session, vaccine: shift.session().vaccine, batch: shift.current().batch, ...says,
    ...(again ? { instead_of: again.id } : {}),
  }, { name });
  if (again) await queue.settle(again);
  const at = new Date(entry.record.at);
  await start("next", { done: h("p", {}, filled("recorded_for", {
    number: String(entry.record.dose), name: own(name), time: whole(clock(at)), until: whole(clock(new Date(at.getTime() + OBSERVED))),
  })) });
}

function batchScreen() {
  const { batch } = shift.current();
  const { batches } = shift.session();
  const known = batches.map((one) => [one.number, h("span", {}, own(one.number), ` · ${t("good_until", { day: dayOf(one.expires_on) })}`)]);
  if (!batches.some(({ number }) => number === batch)) known.unshift([batch, own(batch)]);
  screen(t("choose_batch"), form({}, [
    radios("batch", "batch", known, batch),
    field("typed", "batch_number", { maxlength: 60 }, t("batch_typed_hint")),
    h("p", {}, h("button", { class: "main" }, t("keep"))),
  ], async (said) => {
    shift.current().batch = said.typed || said.batch;
    await shift.save();
    history.back();
  }));
}

export const screens = { person: personScreen, batch: batchScreen };
