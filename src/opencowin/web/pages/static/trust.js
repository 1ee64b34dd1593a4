/* The issuers' keys and the list of revoked certificates: fetched when there is a network, kept for when there is none.
   Nothing else is ever kept. */
import { ES256, opened, unbase64 } from "./check_common.js";

const KEPT = "verify-trust";
const FETCHED = "x-fetched-at";

export async function refresh({ keys, list }) {
  const answers = await Promise.all([keys, list].map((address) => fetch(address, { cache: "no-cache", credentials: "omit" })));
  if (answers.some((one) => !one.ok)) throw new TypeError("not answered");
  const [trusted, jws] = [await answers[0].text(), await answers[1].text()];
  await listOf(jws, JSON.parse(trusted).status);
  const cache = await caches.open(KEPT);
  const headers = { [FETCHED]: String(Date.now()) };
  await Promise.all([cache.put(keys, new Response(trusted, { headers })), cache.put(list, new Response(jws, { headers }))]);
}

/* What is kept, or null; `age` in milliseconds, `old` when the list says that it should not be relied on any more. */
export async function kept({ keys, list }) {
  const cache = await caches.open(KEPT);
  const [trusted, jws] = await Promise.all([cache.match(keys), cache.match(list)]);
  if (!trusted || !jws) return null;
  const trust = await trusted.json();
  const { revoked, until } = await listOf(await jws.text(), trust.status);
  const age = Math.max(0, Date.now() - Number(jws.headers.get(FETCHED)));
  return { ...trust, revoked, age, old: Date.now() > until * 1000 };
}

async function listOf(jws, signers) {
  const [head, body, signature] = jws.split(".");
  const json = (part) => JSON.parse(new TextDecoder().decode(unbase64(part)));
  const signer = signers.find((key) => key.kid === json(head).kid);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!signer || !(await crypto.subtle.verify(ES256, await opened(signer, ES256), unbase64(signature), signed))) {
    throw new TypeError("the list is not the issuer's");
  }
  const { hashes, next_update: until } = json(body);
  return { revoked: unbase64(hashes), until };
}
