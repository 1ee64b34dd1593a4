/* A shift: who works on this tablet, at which centre, in which session and with which batch; begun, renewed and closed. */
import { spoken } from "./centre_dom.js";
import { NoLine, call } from "./centre_line.js";
import * as queue from "./centre_queue.js";
import * as store from "./centre_store.js";

let shift = null;
let people = [];
export const current = () => shift;
export const expected = () => people;

export const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: spoken().zone }).format(queue.now());
export const ofToday = () => shift?.heldOn === today();
export const session = () => shift?.sessions.find((one) => one.session_id === shift.session);
export const batch = () => session()?.batches.find(({ number }) => number === shift.batch);
export const vaccine = (id) => shift.rules[id]?.name ?? id;
export const save = () => store.put("shift", shift);

/* What this tablet recorded in the session, newest last; and the doses of it that stand. */
export const recorded = (kind) => queue.all().filter(({ record }) => record.kind === kind && record.session === shift.session);
export const undone = ({ id }) => queue.all().some(({ record, answer }) => record.kind === "undo" && record.dose === id && answer?.outcome !== "attention");
const replaced = ({ id }) => queue.all().some(({ record }) => record.instead_of === id);
export const stands = (entry) => !undone(entry) && !replaced(entry);
export const doses = () => recorded("dose").filter(stands);

/* Sign in at the platform: for it, or what it refused. Raises NoLine. */
export async function signIn(user, centre) {
  const { ok, said } = await call("tablets", { user, body: { center_id: centre || null } });
  return ok ? { begun: said } : { code: said.errorCode, text: said.error };
}

/* The shift that a sign-in begins; what an earlier one left to send keeps its own token. */
export async function begin(begun) {
  const before = shift;
  shift = {
    tokens: { ...before?.tokens, [begun.tablet_id]: begun.token }, tablet: begun.tablet_id, worker: begun.worker,
    centre: begun.center, centreId: begun.center_id, fileKey: begun.file_key, idleDays: begun.idle_days, sessions: begun.sessions,
    session: null, batch: null, offset: before?.offset ?? 0, rules: before?.rules ?? {}, heldOn: null, closed: false, used: Date.now(),
  };
  people = [];
  await save();
  await store.remove("people");
  await queue.load(shift);
  if (before) call("end", { token: before.tokens[before.tablet] }).catch(() => {});
  await sweep();
}

/* Take the session's list along. Answers what was refused, or nothing. Raises NoLine. */
export async function take(sessionId, batchNumber) {
  const asked = Date.now();
  const { ok, said } = await call("lists", { token: shift.tokens[shift.tablet], body: { sessions: [sessionId] }, patience: 60000 });
  if (!ok) return said.error;
  const off = Date.parse(said.fetched_at) - (asked + Date.now()) / 2;
  Object.assign(shift, {
    session: sessionId, batch: batchNumber, rules: said.rules, heldOn: said.held_on, fetched: said.fetched_at,
    offset: Math.abs(off) > 60000 ? Math.round(off) : 0,
  });
  people = said.people;
  await save();
  await store.put("people", people);
  return null;
}

export async function renewSessions() {
  const { ok, said } = await call("sessions", { token: shift.tokens[shift.tablet], method: "GET" });
  if (!ok) return said.error;
  shift.sessions = said;
  await save();
  return null;
}

/* After the PIN: what lies here, without lists that are of another day or were not used for long. */
export async function resume() {
  shift = await store.get("shift");
  if (!shift) return;
  await queue.load(shift);
  people = (await store.get("people")) ?? [];
  const idle = Date.now() - shift.used > shift.idleDays * 86400000;
  if (people.length && (idle || !ofToday())) {
    people = [];
    await store.remove("people");
  }
  shift.used = Date.now();
  await save();
  await sweep();
}

/* Answered records of other sessions are not needed here any more. */
async function sweep() {
  const named = new Set(queue.all().filter(({ state }) => state !== "done").map(({ record }) => record.dose));
  const over = ({ id, state, record }) => state === "done" && !named.has(id) && record.session !== shift.session
    && !queue.all().some((one) => one.record.session === shift.session && one.id === record.dose);
  await queue.drop(queue.all().filter(over));
}

export function lock() {
  store.lock();
  queue.unload();
  shift = null;
  people = [];
}

/* Close the session: names go now, what is not sent yet when it is. */
export async function close(explanation) {
  const count = doses().filter(({ tablet }) => tablet === shift.tablet).length;
  await queue.add("close", { session: shift.session, doses: count, explanation });
  shift.closed = true;
  people = [];
  await save();
  await store.remove("people");
}

/* Leave nothing on the tablet; raises nothing: what was sent is at the platform. */
export async function finish() {
  const token = shift.tokens[shift.tablet];
  try {
    await call("end", { token });
  } catch (odd) {
    if (!(odd instanceof NoLine)) throw odd;
  }
  await store.forget();
  lock();
}

/* Why a dose might better not be given; the rules only warn. */
export function warnings({ birthYear, doses: had = [], given = false }, dose) {
  const found = [];
  const step = shift.rules[session().vaccine]?.doses[dose];
  const age = Number(today().slice(0, 4)) - birthYear;
  const { min_age: least, max_age: most } = session();
  const last = had.reduce((one, other) => (other.dose > (one?.dose ?? 0) ? other : one), null);
  if (given || (last && last.dose >= dose)) found.push(["warn_given", {}]);
  if (birthYear && age < Math.max(least, step?.min_age ?? 0)) found.push(["warn_young", { age: Math.max(least, step?.min_age ?? 0) }]);
  if (birthYear && most !== null && age > most) found.push(["warn_old", { age: most }]);
  if (!step || step.min_age === null) found.push(["warn_closed", {}]);
  if (step && last && last.dose < dose) {
    const days = step.after[last.vaccine];
    const passed = Math.round((Date.parse(today()) - Date.parse(last.date)) / 86400000);
    if (days === undefined) found.push(["warn_other", { vaccine: vaccine(last.vaccine) }]);
    else if (passed < days) found.push(["warn_early", { days, passed }]);
  }
  return found;
}
