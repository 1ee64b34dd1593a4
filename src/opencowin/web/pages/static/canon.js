/* The canonical form of Co-WIN's credential, mapped by hand: certificates/canon.py in a browser, held to the same
   vectors (tests/certificates/vectors.json). */
const CREDENTIALS = "https://www.w3.org/2018/credentials#";
const SECURITY = "https://w3id.org/security#";
const SCHEMA = "https://schema.org/";
const XSD = "http://www.w3.org/2001/XMLSchema#";
const RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const PLACEHOLDER = "\u0000";

export class NotMappable extends Error {}

const under = (prefix, named) => Object.fromEntries(Object.entries(named).map(([key, name]) => [key, prefix + name]));
const same = (...keys) => Object.fromEntries(keys.map((key) => [key, key]));
const schema = (named) => under(SCHEMA, named);

const ADDRESS = {
  literals: {
    ...schema(same("streetAddress", "addressRegion", "postalCode", "addressCountry")),
    streetAddress2: "vac:addressLine2", city: "vac:city", district: "vac:district",
  },
};
const NAMED = schema(same("name"));
const PERSON = {
  literals: schema({ refId: "id", uhid: "id", age: "Number", dob: "date", ...same("name", "gender", "nationality") }),
  nested: { address: [`${SCHEMA}PostalAddress`, ADDRESS] },
  types: schema(same("Person")),
};
const VACCINATION = {
  literals: schema({
    certificateId: "id", batch: "id", vaccine: "id", manufacturer: "id", feedbackUrl: "url", infoUrl: "url",
    date: "date", effectiveStart: "date", effectiveUntil: "date", dose: "doseValue", totalDoses: "doseValue",
    icd11Code: "id", prophylaxis: "name",
  }),
  nested: {
    verifier: ["vac:verifier", { literals: NAMED }],
    facility: ["vac:Facility", { literals: NAMED, nested: PERSON.nested }],
  },
  types: { Vaccination: "vac:Vaccination" },
};
const CREDENTIAL = {
  literals: {
    nonTransferable: "vac:nonTransferable", ...under(CREDENTIALS, same("issuanceDate", "expirationDate")),
  },
  datatypes: under(XSD, { issuanceDate: "dateTime", expirationDate: "dateTime" }),
  links: under(CREDENTIALS, same("issuer")),
  nested: {
    credentialSubject: [`${CREDENTIALS}credentialSubject`, PERSON],
    evidence: [`${CREDENTIALS}evidence`, VACCINATION],
  },
  types: { ...under(CREDENTIALS, same("VerifiableCredential")), ...schema(same("ProofOfVaccinationCredential")) },
};
const PROOF = {
  literals: { created: "http://purl.org/dc/terms/created" },
  datatypes: under(XSD, { created: "dateTime" }),
  links: under(SECURITY, same("verificationMethod", "proofPurpose")),
  types: under(SECURITY, same("RsaSignature2018", "Ed25519Signature2018")),
};

/* Keys that the second edition of Co-WIN's context added. */
const LATER = new Set(["dob", "icd11Code", "prophylaxis"]);

export async function canonicalCredential(document) {
  const { "@context": contexts, proof: _proof, ...rest } = document;
  return canonical(rest, CREDENTIAL, Array.isArray(contexts) && contexts.some((each) => String(each).endsWith("/v2")));
}

export async function canonicalProof(options) {
  if (options.proofPurpose !== "assertionMethod") throw new NotMappable("proofPurpose");
  return canonical({ ...options, proofPurpose: `${SECURITY}assertionMethod` }, PROOF, false);
}

async function canonical(node, shape, later) {
  const graph = { quads: [], blanks: 0, later };
  emit(node, shape, graph);
  const labels = await canonicalLabels(graph);
  const lines = graph.quads.map(([s, p, o]) => `${labels.get(s) ?? s} <${p}> ${labels.get(o) ?? o} .\n`);
  return sorted(new Set(lines)).join("");
}

function emit(node, shape, graph) {
  const subject = node.id === undefined || node.id === null ? `${PLACEHOLDER}${graph.blanks++}` : iri(node.id);
  for (const [key, value] of Object.entries(node)) {
    if (key === "id" || key === "type" || value === null) continue;
    if (LATER.has(key) && !graph.later) throw new NotMappable(key);
    for (const item of Array.isArray(value) ? value : [value]) {
      const [predicate, target] = objectOf(key, item, shape, graph);
      graph.quads.push([subject, predicate, target]);
    }
  }
  for (const type of typesOf(node, shape)) graph.quads.push([subject, RDF_TYPE, `<${type}>`]);
  return subject;
}

const has = (table, key) => table !== undefined && Object.hasOwn(table, key);

function objectOf(key, value, shape, graph) {
  if (has(shape.literals, key)) return [shape.literals[key], literal(value, shape.datatypes?.[key])];
  if (has(shape.links, key)) return [shape.links[key], iri(value)];
  if (has(shape.nested, key) && typeof value === "object" && value !== null && !Array.isArray(value)) {
    const [predicate, inner] = shape.nested[key];
    return [predicate, emit(value, inner, graph)];
  }
  throw new NotMappable(key);
}

function typesOf(node, shape) {
  const named = node.type === undefined ? [] : Array.isArray(node.type) ? node.type : [node.type];
  const iris = named.map((name) => {
    if (!has(shape.types, name)) throw new NotMappable("type");
    return shape.types[name];
  });
  if (shape.types && !iris.length) throw new NotMappable("type");
  return iris;
}

function iri(value) {
  if (typeof value !== "string" || !value.includes(":") || /[\u0000- <>"{}|^\x60\\]/.test(value)) throw new NotMappable("not an IRI");
  return `<${value}>`;
}

function literal(value, datatype) {
  if (Number.isSafeInteger(value) && datatype === undefined) return `"${value}"^^<${XSD}integer>`;
  if (typeof value !== "string") throw new NotMappable(`a ${typeof value}`);
  const text = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll('"', '\\"');
  return datatype ? `"${text}"^^<${datatype}>` : `"${text}"`;
}

async function canonicalLabels({ quads, blanks }) {
  const hashes = new Map();
  for (let number = 0; number < blanks; number++) {
    const node = `${PLACEHOLDER}${number}`;
    const mine = quads.filter((quad) => quad.includes(node)).map((quad) => seenFrom(node, quad));
    const digest = await sha256(sorted(new Set(mine)).join(""));
    const name = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hashes.has(name)) throw new NotMappable("two nodes that cannot be told apart");
    hashes.set(name, node);
  }
  return new Map([...hashes.keys()].sort().map((name, at) => [hashes.get(name), `_:c14n${at}`]));
}

function seenFrom(node, quad) {
  const [subject, predicate, target] = quad.map((term) => {
    if (!term.startsWith(PLACEHOLDER)) return term;
    return term === node ? "_:a" : "_:z";
  });
  return `${subject} <${predicate}> ${target} .\n`;
}

/* By code points, as the algorithm says; a plain sort goes by halves of them. */
function sorted(lines) {
  const points = (line) => Array.from(line, (mark) => mark.codePointAt(0));
  return [...lines].sort((one, other) => {
    if (one === other) return 0;
    const [a, b] = [points(one), points(other)];
    const at = a.findIndex((point, place) => point !== b[place]);
    return at === -1 ? -1 : a[at] - (b[at] ?? -1);
  });
}

export async function sha256(content) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
