/* SMART Health Card: a FHIR bundle in a signed text, written as digits. certificates/smart.py in a browser. */
import { ES256, Refused, anyFits, day, inflated, objectIn, past, stranger, unbase64 } from "./check_common.js";

const PREFIX = "shc:/";
const FIRST_MARK = 45;
const GRACE = 86400;

export async function checkCard(text, trust, now) {
  const digits = text.slice(PREFIX.length);
  if (!/^(\d\d)+$/.test(digits)) throw new Refused("unreadable");
  const jws = digits.replaceAll(/\d\d/g, (pair) => String.fromCharCode(Number(pair) + FIRST_MARK));
  const [head, body, signed, ...more] = jws.split(".");
  if (signed === undefined || more.length) throw new Refused("unreadable");
  const { kid } = objectIn(unbase64(head));
  const document = objectIn(await inflated(unbase64(body), "deflate-raw"));
  const keys = trust.cards.keys.filter((key) => key.kid === kid);
  if (!keys.length) throw stranger(trust, "card");
  const signature = unbase64(signed);
  if (!(await anyFits(keys, ES256, signature, new TextEncoder().encode(`${head}.${body}`)))) throw new Refused("altered");
  return { ...factsOf(document, trust, now), signature: signature.slice(0, 32) };
}

function factsOf({ nbf, exp, vc }, { cards, cvx }, now) {
  const resources = vc?.credentialSubject?.fhirBundle?.entry?.map?.((entry) => entry?.resource) ?? [];
  const patients = resources.filter((one) => one?.resourceType === "Patient");
  const given = resources.filter((one) => one?.resourceType === "Immunization" && one.status === "completed")
    .sort((one, other) => (String(one.occurrenceDateTime) < String(other.occurrenceDateTime) ? -1 : 1));
  const [last, name] = [given.at(-1), patients[0]?.name?.[0]];
  const code = last?.vaccineCode?.coding?.[0]?.code;
  if (!Number.isFinite(nbf) || patients.length !== 1 || !name || !code) throw new Refused("unreadable");
  if (now.getTime() > exp * 1000) throw new Refused("expired");
  const at = day(last.occurrenceDateTime);
  if (nbf > now.getTime() / 1000 + GRACE || !past(at, now)) throw new Refused("altered");
  return {
    name: name.text || [...(name.given ?? []), name.family].join(" "), birth: patients[0].birthDate ?? "",
    vaccine: Object.hasOwn(cvx, code) ? cvx[code] : `CVX ${code}`, dose: given.length, total: given.length, day: at, number: "–",
    issuer: cards.name,
  };
}
