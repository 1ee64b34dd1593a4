/* Records that wait to be sent: each kept before anybody is told so, sent until it is answered, none held back by another. */
import { NoLine, call, enveloped } from "./centre_line.js";
import * as store from "./centre_store.js";

const AT_ONCE = 20;
const OFTEN = 20000;
const STUBBORN = 3;
let entries = [];
let shift = null;
let sealedAway = 0;
const listeners = [];

export const whenQueueChanges = (then) => { listeners.push(then); };
const changed = () => listeners.forEach((then) => then());
export const all = () => entries;
export const waiting = () => entries.filter(({ state }) => state === "waiting");
export const attention = () => entries.filter(({ state }) => state === "attention");
export const unsent = () => waiting().length + sealedAway;

export async function load(current) {
  shift = current;
  entries = (await store.records()).sort((one, other) => one.n - other.n);
  sealedAway = (await store.envelopes({ orphans: true })).length;
  changed();
}

export function unload() {
  entries = [];
  shift = null;
  sealedAway = 0;
}

export const now = () => new Date(Date.now() + (shift?.offset ?? 0));

/* A record of this kind with what it says; `shown` is for the screens only. It is on the disk when this resolves. */
export async function add(kind, says, shown = {}) {
  const record = { id: crypto.randomUUID(), at: now().toISOString(), kind, ...says };
  const token = shift.tokens[shift.tablet];
  const envelope = await enveloped(shift.fileKey.point, { token, record });
  const entry = { id: record.id, state: "waiting", envelope, record, shown, tablet: shift.tablet, troubles: 0 };
  await store.putRecord(entry);
  entries.push(entry);
  changed();
  send();
  return entry;
}

async function note(entry, facts) {
  Object.assign(entry, facts);
  if (entry.state !== "waiting") entry.envelope = undefined;
  await store.putRecord(entry);
}

/* A record that the platform keeps for a human was corrected by another one, or is left to that human. */
export async function settle(entry) {
  await note(entry, { state: "done" });
  changed();
}

export async function drop(which) {
  await store.dropRecords(which.map(({ id }) => id));
  entries = entries.filter((one) => !which.includes(one));
  changed();
}

let running = null;
let again = false;

/* Send what waits; one at a time in all tabs. Resolves when nothing more can be done now. */
export function send() {
  if (running) {
    again = true;
    return running;
  }
  running = navigator.locks.request("centre-send", round).catch((odd) => { if (!(odd instanceof NoLine)) throw odd; })
    .finally(() => {
      running = null;
      changed();
      if (again) {
        again = false;
        send();
      }
    });
  return running;
}

const ready = (entry) => entry.record.kind !== "close"
  || !waiting().some((one) => one !== entry && one.record.kind !== "close" && one.troubles < STUBBORN);

async function round() {
  if (!store.isOpen() || !shift) return;
  await sendOrphans();
  const order = [...waiting()].sort((one, other) => (one.troubles - other.troubles) || (one.n - other.n));
  for (const close of [false, true]) {
    const group = order.filter(({ record }) => (record.kind === "close") === close).filter(ready);
    for (let at = 0; at < group.length; at += AT_ONCE) await sendTogether(group.slice(at, at + AT_ONCE));
  }
}

async function sendTogether(group) {
  const byTablet = Map.groupBy ? Map.groupBy(group, ({ tablet }) => tablet) : grouped(group);
  for (const [tablet, some] of byTablet) await sendOf(shift.tokens[tablet] ?? shift.tokens[shift.tablet], some);
}

function grouped(group) {
  const found = new Map();
  for (const entry of group) found.set(entry.tablet, [...(found.get(entry.tablet) ?? []), entry]);
  return found;
}

/* A group that is not taken as a whole is halved, until the one that stands in the way is alone. */
async function sendOf(token, group) {
  const { ok, status, said } = await call("records", { token, body: { records: group.map(({ record }) => record) } });
  const current = shift.tokens[shift.tablet];
  if (status === 401 && token !== current) return sendOf(current, group);
  if (status === 401) {
    shift.stranger = true;
    throw new NoLine();
  }
  if (!ok && group.length > 1) {
    const middle = group.length >> 1;
    for (const half of [group.slice(0, middle), group.slice(middle)]) await sendOf(token, half);
    return;
  }
  const answers = new Map((ok ? said.answers : []).map((one) => [one.id, one]));
  if (ok && token === current) shift.atWork = said.at_work;
  for (const entry of group) await answered(entry, answers.get(entry.id));
  changed();
}

async function answered(entry, answer) {
  if (!answer) return note(entry, { troubles: entry.troubles + 1 });
  const { outcome, code, text, flags, reference } = answer;
  if (outcome === "waiting") return note(entry, { troubles: entry.troubles + 1 });
  return note(entry, { state: outcome === "attention" ? "attention" : "done", answer: { outcome, code, text, flags, reference } });
}

/* What an earlier PIN sealed can only be sent as it lies in its envelopes. */
async function sendOrphans() {
  const left = await store.envelopes({ orphans: true });
  for (let at = 0; at < left.length; at += AT_ONCE) {
    const group = left.slice(at, at + AT_ONCE);
    const body = { envelopes: group.map(({ envelope }) => envelope) };
    const { ok, said } = await call("envelopes", { token: shift.tokens[shift.tablet], body });
    if (ok) await store.dropRecords(group.filter((_, place) => !["waiting", "unreadable"].includes(said.outcomes[place])).map(({ id }) => id));
  }
  sealedAway = (await store.envelopes({ orphans: true })).length;
}

setInterval(() => { if (unsent()) send(); }, OFTEN);
addEventListener("online", () => send());
document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
