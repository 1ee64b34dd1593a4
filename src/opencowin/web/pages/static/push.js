"use strict";
/* Lets this browser show the household's messages by push, or no more. Without push, or a script, nothing is shown. */
const push = document.getElementById("push");
const [on, off, refused] = ["push-on", "push-off", "push-refused"].map((id) => document.getElementById(id));
const { key, worker, add, end } = push?.dataset ?? {};
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const same = (one, other) => one && one.byteLength === other.length && new Uint8Array(one).every((byte, at) => byte === other[at]);

const send = async (address, fields) => {
  const token = document.querySelector("input[name=token]").value;
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ token, ...fields }), redirect: "follow" });
  if (!answer.ok) throw new TypeError(address);
  return answer.url;
};
const look = (subscription) => {
  on.hidden = Boolean(subscription);
  off.hidden = !subscription;
};
const subscribe = async (registration) => {
  if ((await Notification.requestPermission()) !== "granted") throw new TypeError("not allowed");
  const wanted = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  let known = await registration.pushManager.getSubscription();
  if (known && !same(known.options.applicationServerKey, wanted.applicationServerKey)) known = void (await known.unsubscribe());
  const subscription = known ?? (await registration.pushManager.subscribe(wanted));
  return send(add, { subscription: JSON.stringify(subscription) });
};
const unsubscribe = async (registration) => {
  const known = await registration.pushManager.getSubscription();
  if (!known) return location.href;
  await known.unsubscribe();
  return send(end, { endpoint: known.endpoint });
};

if (push && "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis) {
  const ready = navigator.serviceWorker.register(worker);
  const at = (place, act) => place.querySelector("button").addEventListener("click", async () => {
    refused.hidden = true;
    try {
      location.assign(await act(await ready));
    } catch {
      refused.hidden = false;
    }
  });
  at(on, subscribe);
  at(off, unsubscribe);
  ready.then(async (registration) => {
    look(await registration.pushManager.getSubscription());
    push.hidden = false;
  }).catch(() => {}).finally(() => { document.documentElement.dataset.complete = ""; });
}
