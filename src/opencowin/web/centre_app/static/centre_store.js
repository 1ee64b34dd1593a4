/* What the tablet keeps: in IndexedDB, sealed with AES-GCM under a key that only the worker's PIN opens. */
const NAME = "opencowin-centre";
const ROUNDS = 600000;
const FREE_TRIES = 4;
export const MOST_TRIES = 10;
const MINUTE = 60000;
let base = null;
let key = null;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function opened() {
  base ??= await new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("plain");
      request.result.createObjectStore("sealed");
      request.result.createObjectStore("records", { keyPath: "n", autoIncrement: true }).createIndex("id", "id", { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return base;
}

/* Work on stores in one transaction; what it wrote is on the disk when this resolves. */
async function inOne(stores, mode, work) {
  const transaction = (await opened()).transaction(stores, mode, { durability: "strict" });
  const finished = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  finished.catch(() => {});
  const result = await work(...stores.map((name) => transaction.objectStore(name)));
  await finished;
  return result;
}

const bytes = (text) => new TextEncoder().encode(text);
const random = (size) => crypto.getRandomValues(new Uint8Array(size));

async function pinKey(pin, salt, rounds) {
  const material = await crypto.subtle.importKey("raw", bytes(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, material,
    { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

export const isOpen = () => key !== null;
export const lock = () => { key = null; };
export const vault = () => inOne(["plain"], "readonly", (plain) => done(plain.get("vault")));
const writeVault = (value) => inOne(["plain"], "readwrite", (plain) => done(plain.put(value, "vault")));

/* A new key under a new PIN. What another key sealed must be gone before. */
export async function makeVault(pin, label) {
  const [salt, iv] = [random(16), random(12)];
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  const wrapped = await crypto.subtle.wrapKey("raw", made, await pinKey(pin, salt, ROUNDS), { name: "AES-GCM", iv });
  await writeVault({ salt, iv, rounds: ROUNDS, wrapped, label, tries: 0, until: 0 });
  key = await unwrapped(pin, await vault());
}

async function unwrapped(pin, { salt, iv, rounds, wrapped }) {
  return crypto.subtle.unwrapKey("raw", wrapped, await pinKey(pin, salt, rounds), { name: "AES-GCM", iv },
    { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/* Opens, or says why not. A try is counted before it is made, so that closing the tab in between saves none. */
export async function unlock(pin) {
  const held = await vault();
  if (held.until > Date.now()) return { wait: held.until - Date.now() };
  const tries = held.tries + 1;
  const pause = tries > FREE_TRIES ? MINUTE * 2 ** (tries - FREE_TRIES - 1) : 0;
  await writeVault({ ...held, tries, until: Date.now() + pause });
  try {
    key = await unwrapped(pin, held);
  } catch {
    if (tries >= MOST_TRIES) {
      await forget();
      return { wiped: true };
    }
    return pause ? { wait: pause } : { left: MOST_TRIES - tries };
  }
  await writeVault({ ...held, tries: 0, until: 0 });
  return { open: true };
}

async function sealed(name, value) {
  const iv = random(12);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytes(name) }, key, bytes(JSON.stringify(value)));
  return { iv, data };
}

async function unsealed(name, { iv, data }) {
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bytes(name) }, key, data)));
}

export async function put(name, value) {
  const box = await sealed(name, value);
  await inOne(["sealed"], "readwrite", (store) => done(store.put(box, name)));
}

export async function get(name) {
  const box = await inOne(["sealed"], "readonly", (store) => done(store.get(name)));
  return box ? unsealed(name, box) : null;
}

export const remove = (name) => inOne(["sealed"], "readwrite", (store) => done(store.delete(name)));

/* A record: what it says sealed; its state and the envelope, which only the deployment can open, beside it. */
export async function putRecord(entry) {
  const { n, id, state, envelope, ...content } = entry;
  const row = { id, state, envelope, ...(await sealed(id, content)) };
  if (n !== undefined) row.n = n;
  entry.n = await inOne(["records"], "readwrite", (store) => done(store.put(row)));
}

const rows = () => inOne(["records"], "readonly", (store) => done(store.getAll()));

export async function records() {
  const found = (await rows()).filter((row) => row.data);
  return Promise.all(found.map(async (row) => ({
    n: row.n, id: row.id, state: row.state, envelope: row.envelope, ...(await unsealed(row.id, row)),
  })));
}

/* The envelopes of what has not been sent: those that this key can open, or those of a key that is lost. */
export async function envelopes({ orphans }) {
  const found = (await rows()).filter((row) => row.envelope && row.state === "waiting");
  return (orphans ? found.filter((row) => !row.data) : found).map(({ id, envelope }) => ({ id, envelope }));
}

export async function dropRecords(ids) {
  await inOne(["records"], "readwrite", async (store) => {
    for (const id of ids) {
      const n = await done(store.index("id").getKey(id));
      if (n !== undefined) await done(store.delete(n));
    }
  });
}

/* Everything that says anything of anybody goes; what was not sent stays in envelopes that nobody here can open. */
export async function forget() {
  key = null;
  await inOne(["plain", "sealed", "records"], "readwrite", async (plain, boxes, store) => {
    await done(plain.delete("vault"));
    await done(boxes.clear());
    for (const { n, id, state, envelope } of await done(store.getAll())) {
      if (state === "waiting" && envelope) await done(store.put({ n, id, state, envelope }));
      else await done(store.delete(n));
    }
  });
}
