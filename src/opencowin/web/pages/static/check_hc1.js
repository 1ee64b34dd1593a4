/* HC1, the European form and the WHO's: certificates/cose.py, hcert.py and who.py in a browser. */
import { ES256, Refused, anyFits, day, inflated, past, reading, stranger } from "./check_common.js";

const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const [ALGORITHM, KEY_ID, ISSUER, EXPIRES_AT, ISSUED_AT, HEALTH, EU_DCC, DDCC_VS] = [1, 4, 1, 4, 6, -260, 1, 3];
const KINDS = {
  "-7": ES256,
  "-37": { kty: "RSA", name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
};

export async function checkHc1(text, trust, now) {
  const [protect, unprotect, body, signature] = await parts(text.slice(4));
  const headers = new Map([...unprotect, ...mapOf(protect)]);
  const kind = KINDS[headers.get(ALGORITHM)];
  const named = headers.get(KEY_ID);
  const kid = named instanceof Uint8Array ? btoa(String.fromCharCode(...named)) : "";
  const signers = trust.signers.filter((one) => one.kid === kid);
  if (!signers.length) throw stranger(trust, "signer");
  if (!kind) throw new Refused("unsupported");
  if (!(await anyFits(signers.map(({ key }) => key), kind, signature, toBeSigned(protect, body)))) throw new Refused("altered");
  const facts = factsOf(mapOf(body), trust, now);
  return { ...facts, signature: kind.kty === "EC" ? signature.slice(0, 32) : signature };
}

async function parts(text) {
  const raw = await inflated(reading(unbase45, text), "deflate");
  const cose = reading(decoded, raw);
  const inOrder = (part, at) => part instanceof (at === 1 ? Map : Uint8Array);
  if (!Array.isArray(cose) || cose.length !== 4 || !cose.every(inOrder)) throw new Refused("unreadable");
  return cose;
}

function unbase45(text) {
  const digits = Array.from(text, (mark) => BASE45.indexOf(mark));
  const bytes = [];
  for (let at = 0; at < digits.length; at += 3) {
    const [c, d, e] = digits.slice(at, at + 3);
    const value = c + d * 45 + (e ?? 0) * 2025;
    const whole = e !== undefined;
    if ([c, d, e ?? 0].includes(-1) || !(value < (whole ? 65536 : 256))) throw new RangeError();
    bytes.push(...(whole ? [value >> 8, value & 255] : [value]));
  }
  return Uint8Array.from(bytes);
}

function toBeSigned(protect, body) {
  return new Uint8Array([0x84, 0x6a, ...new TextEncoder().encode("Signature1"), ...bytesOf(protect), 0x40, ...bytesOf(body)]);
}

function bytesOf(bytes) {
  const size = bytes.length;
  const head = size < 24 ? [0x40 + size] : size < 256 ? [0x58, size] : [0x59, size >> 8, size & 255];
  return [...head, ...bytes];
}

function mapOf(bytes) {
  const content = reading(decoded, bytes);
  if (!(content instanceof Map)) throw new Refused("unreadable");
  return content;
}

/* CBOR (RFC 8949) without tags' meanings: integers beyond 2^53 and lengths not told beforehand are refused. */
export function decoded(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const number = (info) => {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (!size) throw new RangeError();
    at += size;
    if (size === 8) return Number(view.getBigUint64(at - 8));
    return size === 1 ? view.getUint8(at - 1) : size === 2 ? view.getUint16(at - 2) : view.getUint32(at - 4);
  };
  const take = (size) => {
    if (at + size > bytes.length) throw new RangeError();
    at += size;
    return bytes.slice(at - size, at);
  };
  const list = (size) => {
    if (size > bytes.length) throw new RangeError();
    return Array.from({ length: size }, () => item(view.getUint8(at++)));
  };
  const simple = (info) => {
    if (info === 26 || info === 27) {
      at += info === 26 ? 4 : 8;
      return info === 26 ? view.getFloat32(at - 4) : view.getFloat64(at - 8);
    }
    return { 20: false, 21: true, 22: null }[number(info)];
  };
  const item = (first) => {
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) return simple(info);
    const size = number(info);
    if (!Number.isSafeInteger(size)) throw new RangeError();
    switch (major) {
      case 0: return size;
      case 1: return -1 - size;
      case 2: return take(size);
      case 3: return new TextDecoder("utf-8", { fatal: true }).decode(take(size));
      case 4: return list(size);
      case 5: {
        const flat = list(2 * size);
        return new Map(Array.from({ length: size }, (_, place) => [flat[2 * place], flat[2 * place + 1]]));
      }
      default: return item(view.getUint8(at++));
    }
  };
  return item(view.getUint8(at++));
}

function factsOf(claims, { country }, now) {
  const [until, issued, health] = [claims.get(EXPIRES_AT), claims.get(ISSUED_AT), claims.get(HEALTH)];
  const [european, status] = [health?.get?.(EU_DCC), health?.get?.(DDCC_VS)];
  if (!(european instanceof Map || status instanceof Map)) throw new Refused("unsupported");
  if (!Number.isFinite(until) || !Number.isFinite(issued)) throw new Refused("unreadable");
  if (now.getTime() > until * 1000) throw new Refused("expired");
  if (issued > now.getTime() / 1000 + 86400 || claims.get(ISSUER) !== country) throw new Refused("altered");
  const facts = european ? ofEurope(european, until) : ofWho(status, now);
  if (!(facts.dose >= 1 && facts.total >= 1)) throw new Refused("altered");
  return { ...facts, issuer: String(claims.get(ISSUER)) };
}

const numbered = (identifier) => String(identifier).split("#")[0].split("/").pop();

function ofEurope(dcc, until) {
  const [doses, names] = [dcc.get("v"), dcc.get("nam")];
  const inOrder = Array.isArray(doses) && doses.length && doses.every((one) => one instanceof Map) && names instanceof Map;
  if (!inOrder) throw new Refused("unreadable");
  const dose = doses.reduce((last, one) => (String(one.get("dt")) > String(last.get("dt")) ? one : last));
  const given = day(dose.get("dt"));
  if (given > new Date(until * 1000).toISOString().slice(0, 10)) throw new Refused("altered");
  return {
    name: [names.get("gn"), names.get("fn")].filter(Boolean).join(" ") || names.get("fnt"),
    birth: String(dcc.get("dob")).slice(0, 10), vaccine: String(dose.get("mp")), dose: dose.get("dn"), total: dose.get("sd"),
    day: given, number: numbered(dose.get("ci")),
  };
}

function ofWho(status, now) {
  const [event, hcid] = [status.get("vaccination"), status.get("certificate")?.get?.("hcid")?.get?.("value")];
  if (!(event instanceof Map) || typeof status.get("name") !== "string" || !hcid) throw new Refused("unreadable");
  const shown = (coding) => (coding instanceof Map ? coding.get("display") || coding.get("code") || "" : coding ?? "");
  const [dose, given] = [event.get("dose"), day(event.get("date"))];
  if (!past(given, now)) throw new Refused("altered");
  return {
    name: status.get("name"), birth: status.get("birthDate") ?? "", vaccine: String(shown(event.get("brand")) || shown(event.get("vaccine"))),
    dose, total: event.get("totalDoses") ?? dose, day: given, number: numbered(hcid),
  };
}
