/* Co-WIN's form: a zipped W3C credential. Its signature, and what it must mean: certificates/divoc.py and meaning.py. */
import { canonicalCredential, canonicalProof, NotMappable, sha256 } from "./canon.js";
import { Refused, anyFits, day, inflated, objectIn, reading, stranger, unbase64 } from "./check_common.js";

const CREDENTIALS = "https://www.w3.org/2018/credentials/v1";
const ENTRY = "certificate.json";
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const TEXTS = ["certificateId", "batch", "vaccine", "manufacturer", "date"];
const ICD11 = /^XM[0-9A-Z]{3,5}$/;
const KINDS = {
  '{"alg":"PS256","b64":false,"crit":["b64"]}': { kty: "RSA", name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  '{"alg":"EdDSA","b64":false,"crit":["b64"]}': { kty: "OKP", name: "Ed25519" },
};

export async function checkCowin(text, trust, now) {
  const document = await unpacked(text);
  const proof = document.proof;
  if (typeof proof?.jws !== "string") throw new Refused("unreadable");
  const issuer = trust.issuers.find((one) => named(proof.verificationMethod, one) && one.issuer === document.issuer);
  if (!issuer) throw stranger(trust, "credential");
  const { jws, ...options } = proof;
  const [header, between, signed, more] = jws.split(".");
  const signature = unbase64(signed);
  const input = await signingInput(header, options, document);
  const kind = KINDS[new TextDecoder().decode(unbase64(header))];
  const whole = kind && between === "" && more === undefined;
  if (!whole || !(await anyFits(issuer.keys, kind, signature, input))) throw namesake(trust);
  if (!known(document["@context"], issuer)) throw new Refused("unreadable");
  const facts = meaning(document, issuer, trust.vaccines);
  inForce(document, now);
  return { ...facts, signature };
}

/* Which contexts it names is not signed. */
const known = (contexts, { context }) => Array.isArray(contexts) && contexts.length === 2 && contexts[0] === CREDENTIALS
  && (contexts[1] === context || /\/credentials\/vaccination\/v[12]$/.test(contexts[1]));

/* The first key ever goes by the issuer's own name, later ones by one of theirs behind it. */
const named = (method, issuer) => method === issuer.method || String(method).startsWith(`${issuer.method}#`);

/* Somebody else whom the server knows may go by the same name. */
const namesake = (trust) => new Refused(trust.others?.includes("credential") ? "unsupported" : "altered");

async function signingInput(header, options, document) {
  try {
    const parts = [await canonicalProof(options), await canonicalCredential(document)];
    const digests = await Promise.all(parts.map(sha256));
    return new Uint8Array(await new Blob([`${header}.`, ...digests]).arrayBuffer());
  } catch (odd) {
    throw odd instanceof NotMappable ? new Refused("unreadable") : odd;
  }
}

async function unpacked(text) {
  if ([...text].some((mark) => mark > "\u00ff")) throw new Refused("unreadable");
  return objectIn(await inner(reading(entry, Uint8Array.from(text, (mark) => mark.charCodeAt(0)))));
}

const inner = ({ packed, deflated }) => (deflated ? inflated(packed, "deflate-raw") : packed);

function entry(bytes) {
  const view = new DataView(bytes.buffer);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== END) end--;
  const at = view.getUint32(end + 16, true);
  const name = bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true));
  /* One entry, at the very beginning: of more, programs read different ones. */
  const alone = view.getUint16(end + 10, true) === 1 && view.getUint32(0, true) === LOCAL && !view.getUint32(at + 42, true);
  if (!alone || view.getUint32(at, true) !== CENTRAL || new TextDecoder().decode(name) !== ENTRY) throw new RangeError();
  const content = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = bytes.subarray(content, content + view.getUint32(at + 20, true));
  return { packed, deflated: view.getUint16(at + 10, true) === 8 };
}

function meaning(document, issuer, vaccines) {
  const plausible = (holds) => { if (!holds) throw new Refused("altered"); };
  const isText = (value) => typeof value === "string";
  const [subject, evidence] = [sole(document.credentialSubject), sole(document.evidence)];
  plausible(isText(subject.name) && isText(subject.refId) && !("uhid" in subject));
  plausible(subject.age === undefined || subject.age === null || isText(subject.age));
  plausible(TEXTS.every((key) => isText(evidence[key])));
  plausible(evidence.id === issuer.evidence + evidence.certificateId);
  const { dose, totalDoses: total, icd11Code: code } = evidence;
  plausible(code === undefined || code === null || (isText(code) && ICD11.test(code)));
  plausible(Number.isInteger(dose) && Number.isInteger(total) && dose >= 1 && dose <= total);
  const days = [evidence.date, evidence.effectiveStart, evidence.effectiveUntil]
    .filter((bound, at) => at === 0 || (bound !== undefined && bound !== null)).map(day);
  plausible(days.every((one, at) => at === 0 || days[at - 1] <= one));
  instant(document.issuanceDate);
  plausible(Object.hasOwn(vaccines, evidence.vaccine) && vaccines[evidence.vaccine] === evidence.manufacturer);
  return {
    name: subject.name, birth: subject.age ?? subject.dob ?? "", vaccine: evidence.vaccine, dose, total, day: days[0],
    number: evidence.certificateId, issuer: issuer.issuer, reference: subject.refId,
  };
}

function inForce(document, now) {
  const { expirationDate: ends } = document;
  if (ends !== undefined && ends !== null && instant(ends) < now) throw new Refused("expired");
  const { effectiveUntil: until } = sole(document.evidence);
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  if (until !== undefined && until !== null && day(until) < today) throw new Refused("expired");
}

function sole(listed) {
  const one = Array.isArray(listed) && listed.length === 1 ? listed[0] : listed;
  if (one?.constructor !== Object) throw new Refused("altered");
  return one;
}

function instant(text) {
  const at = typeof text === "string" && /(Z|[+-]\d\d:\d\d)$/.test(text) ? new Date(text) : new Date(NaN);
  if (Number.isNaN(at.getTime())) throw new Refused("altered");
  return at;
}
