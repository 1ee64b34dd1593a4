/* Judges certificates of every form on this device, in the server's words; and unsupported, where it must be asked. */
import { checkCard } from "./check_card.js";
import { checkCowin } from "./check_cowin.js";
import { checkHc1 } from "./check_hc1.js";
import { checkSeal } from "./check_seal.js";
import { Refused, unbase64 } from "./check_common.js";
import { sha256 } from "./canon.js";

const AS_BASE64 = "B64:";
const LONGEST = 16384;
const ORDER = ["unsupported", "revoked", "altered", "expired", "unknown_issuer", "unreadable"];

/* The most telling verdict, what the certificate says where it is valid, and of which text that was said. */
export async function judge(texts, trust, now = new Date()) {
  const verdicts = [];
  for (const text of texts) {
    try {
      const facts = await checked(text, trust, now);
      if (listed(trust.revoked, (await sha256(facts.signature)).slice(0, 16))) throw new Refused("revoked");
      return { verdict: "valid", facts, text };
    } catch (odd) {
      if (!(odd instanceof Refused)) throw odd;
      verdicts.push({ verdict: odd.verdict, facts: null, text });
    }
  }
  const told = ORDER.map((one) => verdicts.find(({ verdict }) => verdict === one));
  return told.find(Boolean) ?? { verdict: "unreadable", facts: null, text: "" };
}

const FORMS = [[/^HC1:/, checkHc1], [/^shc:\//, checkCard], [/^\s*\{/, checkSeal]];

function checked(text, trust, now) {
  if (text.length > LONGEST) throw new Refused("unreadable");
  const check = FORMS.find(([like]) => like.test(text))?.[1];
  return check ? check(text, trust, now) : checkCowin(plain(text), trust, now);
}

/* Co-WIN's form is bytes, which a field of text does not keep: there it is written in base64. */
export const portable = (text) => (FORMS.some(([like]) => like.test(text)) ? text : AS_BASE64 + btoa(text));

function plain(text) {
  return text.startsWith(AS_BASE64) ? String.fromCharCode(...unbase64(text.slice(AS_BASE64.length))) : text;
}

function listed(marks, mark) {
  const compare = (at) => {
    for (let byte = 0; byte < 16; byte++) if (marks[at * 16 + byte] !== mark[byte]) return marks[at * 16 + byte] - mark[byte];
    return 0;
  };
  let [low, high] = [0, marks.length / 16 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compare(middle);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
