/* The seal of ICAO for passports: certificates/icao.py in a browser. Our signers are known by their certificates' bytes. */
import { ES256, Refused, anyFits, day, past, reading, stranger, unbase64 } from "./check_common.js";

const KIND = "icao.vacc";
const DEEPEST = 32;

export async function checkSeal(text, trust, now) {
  const { data, sig } = reading(JSON.parse, text) ?? {};
  if (data?.hdr?.t !== KIND || typeof sig?.cer !== "string") throw new Refused("unreadable");
  const signer = trust.seals.find(({ cer }) => cer === sig.cer.replace(/=+$/, ""));
  if (!signer) throw stranger(trust, "authority");
  const signature = unbase64(sig.sigvl);
  if (sig.alg !== "ES256") throw new Refused("unsupported");
  const fits = await anyFits([signer.key], ES256, signature, new TextEncoder().encode(canonical(data)));
  if (!fits) throw new Refused("altered");
  if (now.getTime() > signer.until * 1000) throw new Refused("expired");
  return { ...factsOf(data, now), signature: signature.slice(0, 32) };
}

/* RFC 8785: keys in order, nothing between. */
function canonical(value, deep = 0) {
  if (deep > DEEPEST) throw new Refused("unreadable");
  const inner = (one) => canonical(one, deep + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join(",")}]`;
  if (value?.constructor !== Object) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${inner(value[key])}`).join(",")}}`;
}

function factsOf({ hdr, msg }, now) {
  const doses = (Array.isArray(msg?.ve) ? msg.ve : []).flatMap((event) => (event?.vd ?? []).map((dose) => ({ ...dose, event })));
  if (!doses.length || !msg.pid?.n) throw new Refused("unreadable");
  const later = (last, one) => (one.dvc > last.dvc || (one.dvc === last.dvc && one.seq > last.seq) ? one : last);
  const { dvc, seq, event } = doses.reduce(later);
  const given = day(dvc);
  if (!(seq >= 1 && seq <= 99) || !past(given, now)) throw new Refused("altered");
  return {
    name: String(msg.pid.n).split(/\s+/).join(" "), birth: msg.pid.dob ?? "", vaccine: String(event.nam), dose: seq,
    total: Math.max(seq, doses.length), day: given, number: String(msg.uvci), issuer: String(hdr.is),
  };
}
