/* What the forms of certificates need: refusing, base64, unpacking within bounds, keys, days. */
const LARGEST = 64 * 1024;

export class Refused extends Error {
  constructor(verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

/* Nobody's whose key is here; the server may know the issuer where it trusts others of this kind. */
export const stranger = (trust, kind) => new Refused(trust.others?.includes(kind) ? "unsupported" : "unknown_issuer");

/* Whatever strangers wrote is unreadable at worst. */
export function reading(read, content) {
  try {
    return read(content);
  } catch (odd) {
    throw [TypeError, RangeError, SyntaxError].some((kind) => odd instanceof kind) ? new Refused("unreadable") : odd;
  }
}

const written = (bytes) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));

export function objectIn(bytes) {
  const found = reading(written, bytes);
  if (found?.constructor !== Object) throw new Refused("unreadable");
  return found;
}

export async function opened(jwk, algorithm) {
  const { alg: _alg, use: _use, x5c: _chain, ...bare } = jwk;
  try {
    return await crypto.subtle.importKey("jwk", bare, algorithm, false, ["verify"]);
  } catch (odd) {
    throw odd.name === "NotSupportedError" ? new Refused("unsupported") : odd;
  }
}

export async function anyFits(keys, { kty, ...algorithm }, signature, input) {
  for (const jwk of keys.filter((key) => key.kty === kty)) {
    const key = await opened(jwk, algorithm);
    if (await crypto.subtle.verify(algorithm, key, signature, input)) return true;
  }
  return false;
}

export const ES256 = { kty: "EC", name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export function day(text) {
  const found = typeof text === "string" && /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  const at = found ? new Date(`${found}T00:00:00Z`) : new Date(NaN);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== found) throw new Refused("altered");
  return found;
}

/* Not later than tomorrow: the dose's day is local, and clocks differ. */
export const past = (given, now) => given <= new Date(now.getTime() + 86400000).toISOString().slice(0, 10);

export function unbase64(text) {
  try {
    const plain = atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (mark) => mark.charCodeAt(0));
  } catch {
    throw new Refused("unreadable");
  }
}

export async function inflated(packed, format) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  for (let size = 0; size <= LARGEST;) {
    const { done, value } = await reader.read().catch(() => ({ value: { length: Infinity } }));
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    size += value.length;
  }
  throw new Refused("unreadable");
}
