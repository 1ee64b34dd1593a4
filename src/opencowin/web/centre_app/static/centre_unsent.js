/* What was not sent, what the platform asks a human about, and what it noted beside a dose. */
import { button, clock, dayOf, h, own, screen, t, tell, whole } from "./centre_dom.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import { lineIsGood } from "./centre_line.js";
import { exportButton } from "./centre_file.js";
import { go, start } from "./centre_way.js";

const NOTED = new Set(["not_booked"]);
const said = (flag) => t(`flag_${flag}`);
const told = (flags) => flags.filter((flag) => !NOTED.has(flag) && said(flag) !== `flag_${flag}`);

function line(entry) {
  const at = new Date(entry.record.at);
  return [h("b", {}, t(`kind_${entry.record.kind}`)), " ", entry.shown.name ? [own(entry.shown.name), " "] : null,
    h("span", { class: "note" }, dayOf(entry.record.at.slice(0, 10)), " ", whole(clock(at)))];
}

function correct(entry) {
  const { walk_in: who } = entry.record;
  if (who) return go("walkIn", { who, again: entry });
  return go("person", { again: entry });
}

function unsentScreen() {
  const [waiting, attention] = [queue.waiting(), queue.attention()];
  const flagged = queue.all().filter(({ state, answer }) => state === "done" && told(answer?.flags ?? []).length);
  const sent = queue.all().filter(({ state }) => state !== "waiting").length;
  screen(t("unsent"), h("dl", { class: "figures" }, [["waiting_to_send", queue.unsent()], ["sent", sent], ["needs_attention", attention.length]]
    .map(([key, number]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, whole(number))))),
  h("p", { class: "note" }, t(lineIsGood() ? "line_good" : "line_bad")),
  h("p", { class: "buttons" }, button("send_now", async () => {
    tell(t("wait"));
    await queue.send();
    await start("unsent");
    tell(queue.unsent() ? t("no_line") : t("closed_done"));
  }, { class: "main" }), queue.unsent() ? exportButton() : null, shift.current().stranger || shift.current().atWork === false ? button("sign_in_again", () => go("signIn")) : null),
  attention.length ? [h("h2", {}, t("needs_attention")), h("ul", { class: "plain cards" }, attention.map((entry) => h("li", { class: "card" },
    h("p", {}, line(entry)), h("p", { class: "fault" }, entry.answer.text ? own(entry.answer.text) : t("not_understood")),
    h("p", { class: "buttons" }, entry.record.kind === "dose" ? button("correct", () => correct(entry), { class: "small" }) : null,
      button("leave_to_district", async () => { await queue.settle(entry); await start("unsent"); }, { class: "small" })))))] : null,
  flagged.length ? [h("h2", {}, t("noted_beside")), h("ul", { class: "plain cards" }, flagged.map((entry) => h("li", { class: "card" },
    h("p", {}, line(entry)), h("ul", {}, told(entry.answer.flags).map((flag) => h("li", {}, said(flag)))))))] : null,
  waiting.length ? [h("h2", {}, t("waiting_to_send")), h("ul", { class: "plain lines" }, waiting.map((entry) => h("li", {}, line(entry),
    entry.troubles ? h("span", { class: "badge" }, t("tried", { count: entry.troubles })) : null)))] : null);
}

export const screens = { unsent: unsentScreen };
