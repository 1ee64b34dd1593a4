/* The centre app: begins, keeps itself for the time without a network, and shows what is always to be seen: line and queue. */
import { button, h, own, screen, speak, spoken, t, tell, choice, filled } from "./centre_dom.js";
import { lineIsGood, whenLineChanges } from "./centre_line.js";
import * as queue from "./centre_queue.js";
import * as shift from "./centre_shift.js";
import * as store from "./centre_store.js";
import * as after from "./centre_after.js";
import * as next from "./centre_next.js";
import * as person from "./centre_person.js";
import * as starting from "./centre_start.js";
import * as stock from "./centre_stock.js";
import * as unsent from "./centre_unsent.js";
import * as walkIn from "./centre_walkin.js";
import { carryKeys } from "./centre_scan.js";
import { again, go, here, register, start } from "./centre_way.js";

const IDLE = 15 * 60000;
const LANGUAGE = "centre-language";
const bar = document.getElementById("bar");
const tabs = new BroadcastChannel("centre");
let worker = null;
let touched = Date.now();

async function speakIn(language) {
  const answer = await fetch(`/centre/texts.json?lang=${language}`);
  if (!answer.ok) throw new TypeError("no texts");
  speak(await answer.json());
}

const asked = () => new URLSearchParams(location.search).get("lang") || localStorage.getItem(LANGUAGE) || document.documentElement.lang;

async function chooseLanguage(language) {
  try {
    await speakIn(language);
  } catch {
    return tell(t("language_later"));
  }
  localStorage.setItem(LANGUAGE, language);
  document.querySelector(".skip").textContent = t("skip");
  drawFoot();
  drawBar();
  return again();
}

const WORK = new Set(["next", "several", "person", "batch", "walkIn", "consent", "walkInDose", "watch", "effect", "undo", "unsent", "vials", "close", "more"]);

function drawBar() {
  const now = shift.current();
  const title = h("span", { class: "brand" }, now ? own(now.centre) : t("app"));
  const state = h("span", { class: `badge ${lineIsGood() === false ? "bad" : "good"}`, id: "line" }, t(lineIsGood() === false ? "off_line" : "on_line"));
  const count = queue.unsent();
  const places = [["next", t("next_person")], ["watch", t("observation")], ["vials", t("vials")], ["unsent", t("unsent_count", { count })], ["more", t("session")]];
  const nav = now?.session && !now.closed && WORK.has(here())
    ? h("nav", { "aria-label": t("main_pages") }, h("ul", {}, places.map(([name, text]) => h("li", {}, h("button", {
      type: "button", "aria-current": here() === name ? "page" : null, id: `to-${name}`, class: name === "unsent" && count ? "waits" : null,
      on: { click: () => start(name) },
    }, text))))) : null;
  const focused = document.activeElement?.id;
  bar.replaceChildren(h("div", { class: "wide" }, title, now ? state : null, nav ?? ""));
  if (focused && bar.contains(document.getElementById(focused))) document.getElementById(focused).focus();
  document.documentElement.dataset.waiting = count;
}

function drawFoot() {
  const options = spoken().languages.map((one) => [one.code, one.name, { lang: one.code, dir: one.direction }]);
  const select = choice("language", "language", options, spoken().language);
  select.addEventListener("change", ({ target }) => chooseLanguage(target.value));
  document.getElementById("foot").replaceChildren(h("div", { class: "wide" }, select));
}

function moreScreen() {
  const now = shift.current();
  screen(t("session"), h("p", {}, filled("signed_in_as", { name: own(now.worker), centre: own(now.centre) })), h("p", {}, starting.sessionName(shift.session())), person.batchLine(),
    h("ul", { class: "doors plain" }, [
      ["fetch_list", () => go("session")], ["close_title", () => go("close")], ["lock", lock], ["sign_in_again", () => go("signIn")],
    ].map(([key, then]) => h("li", {}, button(key, then)))));
}

async function lock() {
  shift.lock();
  await start((await store.vault()) ? "locked" : "signIn");
}

/* Work in one tab at a time, and not behind somebody's back. */
tabs.addEventListener("message", () => { if (store.isOpen()) lock(); });
for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => { touched = Date.now(); });
setInterval(() => { if (store.isOpen() && Date.now() - touched > IDLE) lock(); }, 30000);

/* Take along what a day without a network needs: all languages, the reader of QR codes, issuers' keys. */
async function prepare() {
  navigator.storage?.persist?.();
  await carryKeys().catch(() => {});
  worker?.postMessage({ all: spoken().languages.map(({ code }) => code) });
}

addEventListener("begun", () => { tabs.postMessage("mine"); prepare(); });
addEventListener("opened", () => { tabs.postMessage("mine"); prepare(); });
addEventListener("screen", drawBar);
whenLineChanges(drawBar);
queue.whenQueueChanges(async () => {
  if (store.isOpen()) drawBar();
  if (here() === "closed" && store.isOpen()) {
    if (!queue.unsent()) await again();
    else dispatchEvent(new Event("queue"));
  }
});
register({ ...starting.screens, ...next.screens, ...person.screens, ...walkIn.screens, ...after.screens, ...stock.screens, ...unsent.screens, more: moreScreen });

async function keepItself() {
  if (!navigator.serviceWorker) return;
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (document.documentElement.dataset.kept !== "all") document.documentElement.dataset.kept = data;
  });
  await navigator.serviceWorker.register("/centre/worker.js", { scope: "/centre" });
  worker = (await navigator.serviceWorker.ready).active;
  worker.postMessage({ language: spoken().language });
  if (store.isOpen()) prepare();
}

async function begin() {
  await speakIn(asked());
  drawFoot();
  document.querySelector(".skip").textContent = t("skip");
  if (!(window.isSecureContext && crypto.subtle && window.indexedDB && navigator.locks)) return screen(t("app"), h("p", { class: "faults" }, t("browser_old")));
  await lock();
  document.documentElement.dataset.complete = "";
  return keepItself();
}

begin();
