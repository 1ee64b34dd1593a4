/* The screens before the work: sign in once with a network, choose a PIN, choose session and batch; and the PIN again later. */
import { button, choice, dayOf, field, filled, form, h, own, radios, screen, t, tell } from "./centre_dom.js";
import { NoLine } from "./centre_line.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import * as store from "./centre_store.js";
import { go, start } from "./centre_way.js";
import { exportButton } from "./centre_file.js";

export const PIN = /^\d{6}$/;
const CENTRE_NEEDED = "TABLET0001";
const CODE_NEEDED = "USRAUT0065";
const WRONG_CODE = "USRAUT0064";

async function signInScreen({ centre = false, code: codeToo = false, name = "", password = "" } = {}) {
  const left = (await store.envelopes({ orphans: !store.isOpen() })).length;
  screen(t("begin"), h("p", {}, t("begin_text")), left ? h("p", { class: "held" }, t("unsent_here", { count: left })) : null,
    form({}, [
      field("name", "user_name", { autocomplete: "username", autocapitalize: "none", spellcheck: "false", value: name }),
      field("password", "password", { type: "password", autocomplete: "current-password", value: password }),
      codeToo && field("code", "second_code", { autocomplete: "one-time-code", class: "short" }, t("second_code_hint")),
      centre && field("centre", "centre_number", { inputmode: "numeric", class: "short" }),
      h("p", {}, h("button", { class: "main" }, t("sign_in"))),
    ], async (said) => {
      if (!said.name || !said.password) return { [said.name ? "password" : "name"]: t("fill_in") };
      tell(t("wait"));
      try {
        const { begun, code, text } = await shift.signIn(said, Number(said.centre) || null);
        tell("");
        if (begun) await go("pin", begun);
        else if (code === CENTRE_NEEDED && !centre) await signInScreen({ ...said, centre: true, code: codeToo });
        else if (code === CODE_NEEDED && !codeToo) await signInScreen({ ...said, centre, code: true });
        else if ([CODE_NEEDED, WRONG_CODE].includes(code)) return { code: text };
        else return { [code === CENTRE_NEEDED || said.centre ? "centre" : "name"]: text };
      } catch (odd) {
        if (!(odd instanceof NoLine)) throw odd;
        tell("");
        return { line: t("no_line_sign_in") };
      }
    }));
}

/* The PIN that seals what lies here. Who is in already keeps it. */
async function pinScreen(begun) {
  if (store.isOpen()) return arrived(begun);
  const digits = { type: "password", inputmode: "numeric", maxlength: 6, class: "short", autocomplete: "off" };
  screen(t("pin_choose"), h("p", {}, t("pin_text")), form({}, [
    field("pin", "pin", digits, t("pin_hint")), field("pin2", "pin_again", digits),
    h("p", {}, h("button", { class: "main" }, t("go_on"))),
  ], async ({ pin, pin2 }) => {
    if (!PIN.test(pin) || new Set(pin).size < 3) return { pin: t("pin_wrong_form") };
    if (pin !== pin2) return { pin2: t("pin_differs") };
    tell(t("wait"));
    if (await store.vault()) await store.forget();
    await store.makeVault(pin, begun.center);
    await arrived(begun);
  }));
}

async function arrived(begun) {
  await shift.begin(begun);
  queue.send();
  tell("");
  dispatchEvent(new CustomEvent("begun"));
  await start("session");
}

const named = (one) => `\u2068${one.number}\u2069 · ${t("good_until", { day: dayOf(one.expires_on) })}`;

async function sessionScreen() {
  const { sessions, worker, centre } = shift.current();
  const fetchAgain = button("look_again", async () => {
    tell(t("wait"));
    const fault = await shift.renewSessions().catch(() => t("no_line"));
    tell(fault ?? "");
    if (!fault) await start("session");
  });
  const who = h("p", {}, filled("signed_in_as", { name: own(worker), centre: own(centre) }));
  if (!sessions.length) return screen(t("choose_session"), who, h("p", { class: "faults" }, t("no_session")), h("p", {}, fetchAgain));
  const chosen = sessions.find(({ session_id: id }) => id === shift.current().session) ?? sessions[0];
  const batchField = (one) => (one.batches.length
    ? choice("batch", "batch", [...one.batches.map((each) => [each.number, named(each)]), ["", t("another_batch")]], shift.current().batch ?? one.batches[0].number)
    : null);
  const place = h("div", {});
  const other = h("div", {}, field("typed", "batch_number", { maxlength: 60 }, t("batch_typed_hint")));
  const showOther = () => { other.hidden = Boolean(place.querySelector("select")?.value); };
  const draw = (one) => {
    place.replaceChildren(...[batchField(one)].filter(Boolean));
    place.querySelector("select")?.addEventListener("change", showOther);
    showOther();
  };
  const list = radios("session", "choose_session", sessions.map((one) => [one.session_id, sessionName(one)]), chosen.session_id);
  list.addEventListener("change", ({ target }) => draw(sessions.find(({ session_id: id }) => id === target.value)));
  draw(chosen);
  screen(t("begin_session"), who, form({}, [list, place, other, h("p", {}, h("button", { class: "main" }, t("take_list")))], async (said) => {
    const number = said.batch || said.typed;
    if (!number) return { [place.firstChild && !said.typed && said.batch === undefined ? "batch" : "typed"]: t("fill_in") };
    tell(t("wait"));
    try {
      const fault = await shift.take(said.session, number);
      tell("");
      if (fault) return { session: fault };
    } catch (odd) {
      if (!(odd instanceof NoLine)) throw odd;
      tell("");
      return { line: t("no_line_list") };
    }
    await start("next");
  }), h("p", {}, fetchAgain));
}

export const sessionName = (one) => {
  const name = shift.vaccine(one.vaccine);
  const ages = one.max_age === null ? t("ages_from", { least: one.min_age }) : t("ages", { least: one.min_age, most: one.max_age });
  return h("span", {}, own(name), " · ", ages);
};

async function lockedScreen() {
  const vault = await store.vault();
  const count = (await store.envelopes({ orphans: false })).length;
  const forgot = button("pin_forgot", () => go("forgot"));
  screen(t("locked"), vault.label ? h("p", {}, own(vault.label)) : null, h("p", { class: count ? "held" : "note" }, t("unsent_here", { count })),
    form({}, [
      field("pin", "pin", { type: "password", inputmode: "numeric", maxlength: 6, class: "short" }),
      h("p", {}, h("button", { class: "main" }, t("open"))),
    ], async ({ pin }) => {
      if (!PIN.test(pin)) return { pin: t("pin_hint") };
      tell(t("wait"));
      const { open, wait, left, wiped } = await store.unlock(pin);
      tell("");
      if (wiped) {
        await start("signIn");
        return tell(t("pin_wiped"));
      }
      if (!open) return { pin: wait ? t("pin_wait", { minutes: Math.ceil(wait / 60000) }) : t("pin_wrong", { left }) };
      await shift.resume();
      dispatchEvent(new CustomEvent("opened"));
      await enter();
    }), h("p", {}, forgot), count ? h("p", {}, exportButton()) : null);
}

/* Where the work goes on. */
export async function enter() {
  const now = shift.current();
  if (!now) return start("signIn");
  if (now.closed) return start("closed");
  queue.send();
  return start(now.session ? "next" : "session");
}

function forgotScreen() {
  screen(t("pin_forgot"), h("p", {}, t("pin_forgot_text")),
    h("p", {}, button("sign_in_again", () => go("signIn"), { class: "main" })), h("p", {}, exportButton()));
}

export const screens = { signIn: signInScreen, pin: pinScreen, session: sessionScreen, locked: lockedScreen, forgot: forgotScreen };
