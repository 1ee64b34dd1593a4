/* Scans slips and certificates; signatures are checked on this tablet with the keys that it carries. */
import { button, t, tell } from "./centre_dom.js";

const OURS = /^OCW1;[^;]*;(\d{14}(?:,\d{14})*)$/;
const PLAIN = /^\d{14}$/;
const ADDRESSES = { keys: "/verify/keys.json", list: "/.well-known/status/revoked.jws" };
const tools = () => Promise.all([import("./check.js"), import("./trust.js"), import("./scan.js")]);

/* Take the keys along while there is a line. */
export async function carryKeys() {
  const [, { refresh }] = await tools();
  await refresh(ADDRESSES);
}

/* What a text says: references of ours, or a certificate with its verdict. */
export async function read(texts) {
  for (const text of texts) {
    const ours = OURS.exec(text.trim())?.[1] ?? PLAIN.exec(text.trim())?.[0];
    if (ours) return { references: ours.split(",") };
  }
  const [{ judge }, { kept }] = await tools();
  const trust = await kept(ADDRESSES).catch(() => null);
  if (!trust) return { verdict: "nokeys" };
  const { verdict, facts } = await judge(texts, trust);
  return verdict === "valid" ? { certificate: facts } : { verdict };
}

const believable = async (texts) => {
  if (texts.every((text) => text && !text.startsWith("PK"))) return true;
  const { certificate } = await read(texts);
  return Boolean(certificate);
};

/* Show what the camera sees in a place until it has read a code. */
export async function scanned(place, pressed, then) {
  let [stream, stopped, trouble] = [null, false, "no_reader"];
  const stop = () => { stopped = true; };
  place.addEventListener("stop", stop, { once: true });
  const stopping = button("scan_stop", stop);
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, className: "camera" });
  video.setAttribute("aria-label", t("scan_picture"));
  pressed.hidden = true;
  place.replaceChildren(stopping);
  stopping.focus();
  tell(t("wait"));
  try {
    const [, , scan] = await tools();
    if (!(await scan.native())) await scan.load();
    trouble = "no_camera";
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    video.srcObject = stream;
    place.append(video);
    await video.play();
    tell(t("scan_hold"));
    const texts = await scan.watch(video, () => stopped || document.hidden, believable);
    tell("");
    if (texts.length) then(await read(texts));
  } catch {
    if (!stopped) tell(t(trouble));
  } finally {
    stream?.getTracks().forEach((track) => track.stop());
    place.replaceChildren();
    pressed.hidden = false;
    if (document.activeElement === document.body) pressed.focus();
  }
}
