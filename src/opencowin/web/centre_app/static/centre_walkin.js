/* Somebody without an appointment, in three screens: who, consent, the dose. */
import { button, choice, field, form, h, own, radios, screen, spoken, t, tick, whole } from "./centre_dom.js";
import * as shift from "./centre_shift.js";
import { batchLine, doseChoice, facts, give, warned } from "./centre_person.js";
import { digits } from "./centre_next.js";
import { go } from "./centre_way.js";

const hint = (id) => spoken().documents.find((one) => String(one.id) === String(id))?.hint ?? "";
const name = (list, id) => spoken()[list].find((one) => one.id === id)?.name ?? "";

function whoScreen({ who = {}, again } = {}) {
  const kinds = spoken().documents.filter(({ offered }) => offered).map((one) => [one.id, one.name]);
  const number = field("number", "document_number", { maxlength: 40, value: who.photo_id_number ?? "" }, " ");
  const kind = choice("document", "document", kinds, who.photo_id_type ?? kinds[0][0]);
  const told = () => { number.querySelector(".hint").textContent = hint(kind.querySelector("select").value); };
  kind.addEventListener("change", told);
  told();
  screen(t("walk_in"), again?.answer ? h("p", { class: "faults" }, own(again.answer.text)) : null, form({}, [
    field("name", "full_name", { maxlength: 100, value: who.name ?? "" }, t("name_hint")),
    field("born", "year_of_birth", { inputmode: "numeric", maxlength: 4, class: "short", value: who.birth_year ?? "" }),
    radios("gender", "gender", spoken().genders.map((one) => [String(one.id), one.name]), String(who.gender_id ?? "")),
    kind, number,
    field("mobile", "mobile_if_any", { inputmode: "tel", type: "tel", maxlength: 20, value: who.mobile ?? "" }),
    h("p", {}, h("button", { class: "main" }, t("go_on"))),
  ], (said) => {
    const faults = {};
    const born = Number(digits(said.born));
    if (said.name.length < 2) faults.name = t("fill_in");
    if (!(born >= 1900 && born <= Number(shift.today().slice(0, 4)))) faults.born = t("year_wrong");
    if (!said.gender) faults.gender = t("choose_one");
    if (!said.number) faults.number = t("fill_in");
    if (Object.keys(faults).length) return faults;
    return go("consent", { again, who: {
      name: said.name, birth_year: born, gender_id: Number(said.gender), photo_id_type: Number(said.document),
      photo_id_number: said.number, mobile: digits(said.mobile), comorbidity: Boolean(who.comorbidity),
    } });
  }));
}

function consentScreen({ who, again }) {
  screen(t("consent"), h("p", {}, t("consent_read")), h("blockquote", { class: "held" }, t("consent_text")), form({}, [
    tick("agreed", "consent_given"),
    tick("condition", "condition", { checked: who.comorbidity }),
    doseChoice(again?.record.dose ?? 1),
    h("p", {}, h("button", { class: "main" }, t("go_on"))),
  ], (said) => {
    if (!said.agreed) return { agreed: t("consent_needed") };
    return go("walkInDose", { again, dose: Number(said.dose), who: { ...who, comorbidity: Boolean(said.condition), consent_version: spoken().consent } });
  }));
}

function doseScreen({ who, dose, again }) {
  const warnings = shift.warnings({ birthYear: who.birth_year }, dose);
  screen(t("dose_number", { number: dose }), h("p", { class: "held" }, t("check_document")), facts([
    ["name", own(who.name)], ["year_of_birth", String(who.birth_year)], ["gender", name("genders", who.gender_id)],
    ["document", name("documents", who.photo_id_type), " ", whole(who.photo_id_number)], who.mobile && ["mobile", whole(who.mobile)],
  ]), form({}, [
    warned(warnings), batchLine(),
    h("p", {}, h("button", { class: "main wide-button" }, t("record"))),
  ], async (said) => {
    if (warnings.length && !said.anyway) return { anyway: t("anyway_needed") };
    await give({ dose, walk_in: who }, who.name, again);
  }), h("p", {}, button("back", () => history.back())));
}

export const screens = { walkIn: whoScreen, consent: consentScreen, walkInDose: doseScreen };
