/* The line to the platform: calls, and whether the last one came through, since browsers do not know. */
import { spoken } from "./centre_dom.js";

const API = "/api/open/v1/centre/";
export class NoLine extends Error {}
let good = null;
const listeners = [];

export const lineIsGood = () => good;
export const whenLineChanges = (then) => { listeners.push(then); };

function came(through) {
  if (good === through) return;
  good = through;
  listeners.forEach((then) => then());
}

/* What the platform answers: its status and body. Raises NoLine where nothing, or nothing of ours, came back. */
export async function call(path, { token, user, body, method = "POST", patience = 20000 } = {}) {
  const headers = { "Content-Type": "application/json", "Accept-Language": spoken().language };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (user) headers.Authorization = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user.name}:${user.password}`)))}`;
  if (user?.code) headers["X-Second-Factor"] = user.code.replace(/[^\w-]/g, "");
  try {
    const answer = await fetch(API + path, {
      method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(patience),
    });
    if ([429, 502, 503, 504].includes(answer.status)) throw new NoLine(String(answer.status));
    const said = await answer.json();
    came(true);
    return { ok: answer.ok, status: answer.status, said };
  } catch {
    came(false);
    throw new NoLine();
  }
}

const bytes = (text) => new TextEncoder().encode(text);
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

/* A record sealed for the deployment alone: ECDH on P-256, HKDF-SHA-256, AES-256-GCM. */
export async function enveloped(point, content) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const other = await crypto.subtle.importKey("raw", Uint8Array.from(atob(point), (mark) => mark.charCodeAt(0)), curve, false, []);
  const mine = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: other }, mine.privateKey, 256);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes("opencowin tablet record") },
    material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes(JSON.stringify(content)));
  return { key: base64(await crypto.subtle.exportKey("raw", mine.publicKey)), iv: base64(iv), data: base64(data) };
}
