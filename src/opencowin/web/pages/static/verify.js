"use strict";
/* Checks certificates on this device, with a network or without. Where a browser lacks what that needs, the form goes to
   the server as it does without this script. */
(() => {
  const device = document.getElementById("device");
  const form = document.getElementById("check");
  const answer = document.getElementById("verdict");
  const words = document.getElementById("words").content;
  const able = window.isSecureContext && crypto.subtle && "DecompressionStream" in window && "caches" in window;
  if (!able) return;
  const say = device.dataset;
  const addresses = { keys: say.keys, list: say.list };
  const [button, told, aged] = ["button", "[role=status]", ".note"].map((one) => device.querySelector(one));
  const tools = () => Promise.all([import("./check.js"), import("./trust.js"), import("./scan.js")]);
  const tell = (text = "") => { told.textContent = text; };
  const fresh = (trust) => Boolean(trust) && !trust.old && trust.age < 600000;

  const howOld = (milliseconds) => {
    const minutes = Math.max(2, Math.round(milliseconds / 60000));
    const [many, text] = minutes < 90 ? [minutes, say.minutes]
      : minutes < 2880 ? [Math.round(minutes / 60), say.hours] : [Math.round(minutes / 1440), say.days];
    return say.age.replace("{age}", text.replace("{number}", many));
  };

  /* The keys that are kept, after a try to renew them: one that takes too long is not waited for. */
  const trusted = async ({ refresh, kept }) => {
    const now = await kept(addresses).catch(() => null);
    if (fresh(now)) return now;
    const late = new Promise((resume) => { setTimeout(resume, now ? 4000 : 30000); });
    await Promise.race([refresh(addresses).catch(() => {}), late]);
    return kept(addresses).catch(() => now);
  };

  const showAge = (trust) => {
    aged.hidden = !trust;
    if (trust) aged.textContent = howOld(trust.age) + (trust.old ? ` ${say.old}` : "");
  };

  /* What was said of the last one must not be taken for what is said of the next, however late it comes. */
  let turn = 0;
  const begin = () => {
    answer.hidden = true;
    answer.replaceChildren();
    tell(say.wait);
    turn += 1;
    return turn;
  };

  const show = (verdict, facts) => {
    const part = words.querySelector(`[data-verdict=${verdict}]`).cloneNode(true);
    if (facts) {
      const [year, month, date] = facts.day.split("-").map(Number);
      const filled = {
        ...facts, dose: say.dose.replace("{number}", facts.dose).replace("{total}", facts.total),
        day: say.months.split("|")[month - 1].replace("{day}", date).replace("{year}", year),
      };
      for (const place of part.querySelectorAll("[data-fact]")) place.textContent = filled[place.dataset.fact];
    }
    answer.replaceChildren(part);
    answer.hidden = false;
    tell();
    answer.querySelector("button")?.addEventListener("click", async () => send((await tools())[1]));
    answer.querySelector("h2").focus();
  };

  const check = async (texts, mine) => {
    const [{ judge, portable }, trust] = await tools();
    const known = await trusted(trust);
    const { verdict, facts, text } = known ? await judge(texts, known) : {};
    if (mine !== turn) return;
    if (!known) return void tell(say.nokeys);
    showAge(known);
    if (verdict === "unsupported") form.elements.text.value = portable(text);
    show(verdict, facts);
  };

  /* Some detectors cannot give a zip's bytes: what looks like one must be a certificate to be believed. */
  const believable = async (texts) => {
    if (texts.every((text) => text && !text.startsWith("PK"))) return true;
    const [{ judge }, { kept }] = await tools();
    const known = await kept(addresses);
    return Boolean(known) && (await judge(texts, known)).verdict !== "unreadable";
  };

  /* Sent to the server, if it can be reached. */
  const send = async ({ refresh }) => {
    if (await refresh(addresses).then(() => true, () => false)) form.submit();
    else tell(say.server);
  };

  form.addEventListener("submit", async (event) => {
    const [text, file] = [form.elements.text.value.trim(), form.elements.file.files[0]];
    if (!text && !file) return;
    event.preventDefault();
    const mine = begin();
    try {
      const [, trust, scan] = await tools();
      const read = () => scan.readPicture(file, believable).catch(() => null);
      const texts = text ? [text] : file.type.startsWith("image/") ? await read() : null;
      if (!texts) await send(trust);
      else if (texts.length) await check(texts, mine);
      else tell(say.nocode);
    } catch {
      if (navigator.onLine) form.submit();
      else tell(say.server);
    }
  });

  let stop = null;
  const film = async () => {
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, className: "camera" });
    video.setAttribute("aria-label", say.scan);
    const [mine, label] = [begin(), button.textContent];
    let [stream, stopped, trouble] = [null, false, say.noreader];
    stop = () => { stopped = true; };
    try {
      const [, , scan] = await tools();
      if (!(await scan.native())) await scan.load();
      trouble = say.nocamera;
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
      video.srcObject = stream;
      button.textContent = say.stop;
      button.parentElement.after(video);
      await video.play();
      tell(say.hold);
      const texts = await scan.watch(video, () => stopped, believable);
      tell();
      if (texts.length) await check(texts, mine);
    } catch {
      tell(trouble);
    } finally {
      stream?.getTracks().forEach((track) => track.stop());
      video.remove();
      button.textContent = label;
      stop = null;
    }
  };
  button.addEventListener("click", () => (stop ? stop() : film()));
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop?.(); });

  device.hidden = false;
  /* After the page is there: keep it, its scripts, the keys and the list for the time without a network. The worker has
     fetched all files by the time that it is ready: the page finds them at hand. */
  addEventListener("load", async () => {
    try {
      await navigator.serviceWorker?.register(say.worker, { scope: "/verify" });
      (await navigator.serviceWorker?.ready)?.active.postMessage(document.documentElement.lang);
      showAge(await trusted(await import("./trust.js")));
    } catch {
      showAge(null);
    }
    document.documentElement.dataset.complete = "";
  });
})();
