"use strict";
/* Works out the proof that a form asks for (ALTCHA, version 2) while its fields are filled in; nobody is asked anything. */
const field = document.getElementById("altcha");
const form = field?.form;
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
const hex = (found) => Array.from(found, (one) => one.toString(16).padStart(2, "0")).join("");

const solve = async (challenge) => {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const start = bytes(nonce), password = new Uint8Array(start.length + 4);
  const way = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  password.set(start);
  for (let counter = 0; ; counter++) {
    new DataView(password.buffer).setUint32(start.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(new Uint8Array(await crypto.subtle.deriveBits(way, key, keyLength * 8)));
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
  }
};

if (field && globalThis.crypto?.subtle) {
  let sent = false;
  const wait = (event) => {
    event.preventDefault();
    sent = true;
    form.setAttribute("aria-busy", "true");
  };
  form.addEventListener("submit", wait);
  const challenge = JSON.parse(field.dataset.challenge);
  solve(challenge).then((solution) => {
    field.value = btoa(JSON.stringify({ challenge, solution }));
  }).finally(() => {
    form.removeEventListener("submit", wait);
    form.removeAttribute("aria-busy");
    if (sent) form.submit();
  });
}
