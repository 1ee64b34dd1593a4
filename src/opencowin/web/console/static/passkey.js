/* Passkeys: asks the browser to make one or to sign with one, and sends what it answers with the page's own form. */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (mark) => mark.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

function told({ id, rawId, type, response, authenticatorAttachment }) {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) said[part] = text(response[part]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  return JSON.stringify({ id, rawId: text(rawId), type, response: said, clientExtensionResults: {}, authenticatorAttachment });
}

async function asked(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (!options.user) return navigator.credentials.get({ publicKey: { ...publicKey, allowCredentials: named(options.allowCredentials) } });
  return navigator.credentials.create({
    publicKey: { ...publicKey, user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: named(options.excludeCredentials) },
  });
}

const form = document.getElementById("passkey");
if (form && window.PublicKeyCredential) {
  form.hidden = false;
  document.getElementById("no-passkey").hidden = true;
  form.addEventListener("submit", async (sent) => {
    if (form.elements.credential.value) return;
    sent.preventDefault();
    const failed = document.getElementById("passkey-failed");
    failed.hidden = true;
    try {
      form.elements.credential.value = told(await asked(JSON.parse(form.dataset.options)));
    } catch {
      failed.hidden = false;
      failed.focus();
      return;
    }
    form.submit();
  });
}
