/* The next person: by the camera, by the reference, from the list of today, or without an appointment. */
import { button, clock, dayOf, field, filled, form, h, own, screen, t, tell, whenLeft, whole } from "./centre_dom.js";
import * as shift from "./centre_shift.js";
import { scanned } from "./centre_scan.js";
import { go } from "./centre_way.js";

const DIHEDRAL = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]];
const STEP = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/* Whether these are 14 digits whose last fits the others (Verhoeff's check). */
export function isReference(text) {
  if (!/^\d{14}$/.test(text)) return false;
  let [sum, row] = [0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]];
  for (const digit of [...text].reverse()) {
    sum = DIHEDRAL[sum][row[Number(digit)]];
    row = STEP.map((place) => row[place]);
  }
  return sum === 0;
}

export const digits = (text) => text.replaceAll(/[\s-]/g, "").replaceAll(/\p{Nd}/gu, (mark) => {
  let zero = mark.codePointAt(0);
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1)) && mark.codePointAt(0) - zero < 9) zero -= 1;
  return mark < "\u0080" ? mark : String(mark.codePointAt(0) - zero);
});

/* How many doses of a person this tablet recorded just now. */
export const givenHere = (reference) => shift.doses().some(({ record }) => String(record.reference) === reference);

export function whoever(reference, more = {}) {
  const known = shift.expected().find((one) => one.reference === reference);
  go("person", { reference, known, ...more });
}

function nextScreen(about) {
  const { heldOn, fetched } = shift.current();
  const people = shift.expected();
  const find = field("find", "find_in_list", { type: "search" });
  const list = h("ul", { class: "people" });
  const draw = () => {
    const wanted = find.querySelector("input").value.trim().toLocaleLowerCase();
    const found = people.filter((one) => !wanted || one.name.toLocaleLowerCase().includes(wanted) || one.reference.endsWith(wanted));
    list.replaceChildren(...found.slice(0, 100).map(row));
    if (!found.length) list.append(h("li", { class: "note" }, t("nobody_found")));
  };
  find.addEventListener("input", draw);
  draw();
  const camera = h("div", {});
  screen(t("next_person"), about?.done ? h("div", { class: "done", role: "status" }, about.done) : null,
    shift.ofToday() ? null : h("p", { class: "faults" }, t("list_of_other_day", { day: dayOf(heldOn) })),
    h("div", { class: "pair tight" },
      h("div", {}, h("p", {}, button("scan", ({ target }) => scanned(camera, target, met), { class: "main wide-button" })), camera),
      form({ class: "in-line" }, [
        field("reference", "reference_typed", { inputmode: "numeric", maxlength: 20 }),
        h("button", {}, t("go_on")),
      ], ({ reference }) => {
        const typed = digits(reference);
        if (!isReference(typed)) return { reference: t("reference_wrong") };
        return whoever(typed);
      })),
    h("p", {}, button("walk_in", () => go("walkIn", {}))),
    people.length ? [
      h("h2", {}, t("list_today")),
      h("p", { class: "note" }, filled("list_facts", { count: String(people.length), done: String(people.filter((one) => one.given || givenHere(one.reference)).length), time: whole(clock(new Date(fetched))) })),
      find, list,
    ] : null);
  whenLeft(() => camera.dispatchEvent(new Event("stop")));
}

function row(one) {
  const given = one.given || givenHere(one.reference);
  return h("li", {}, h("button", { type: "button", class: "row", on: { click: () => whoever(one.reference) } },
    h("span", {}, own(one.name), h("span", { class: "note" }, ` ${one.birth_year} · `, whole(`…${one.reference.slice(-4)}`))),
    h("span", { class: given ? "badge good" : "note" }, given ? t("given") : whole(one.slot.replaceAll(" ", "\u00a0")))));
}

/* What a code says: our slips, or a certificate that was checked here. */
function met({ references, certificate, verdict }) {
  if (references?.length === 1) return whoever(references[0]);
  if (references) return go("several", references);
  if (certificate?.reference && isReference(certificate.reference)) return whoever(certificate.reference, { certificate });
  if (certificate) return go("person", { certificate });
  return tell(t(verdict === "unreadable" ? "code_unknown" : `verdict_${verdict}`));
}

function severalScreen(references) {
  screen(t("who_of_slip"), h("ul", { class: "people" }, references.map((reference) => {
    const known = shift.expected().find((one) => one.reference === reference);
    return known ? row(known) : h("li", {}, h("button", { type: "button", class: "row", on: { click: () => whoever(reference) } }, whole(reference)));
  })));
}

export const screens = { next: nextScreen, several: severalScreen };
