"use strict";
/* Puts new figures in their places twice a minute while somebody looks, unless that is switched off. */
const live = document.getElementById("live");
const renew = async () => {
  if (document.hidden || !live.querySelector("input").checked) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "omit" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = page.getElementById(old.id);
    if (!now || now.textContent === old.textContent || old.contains(document.activeElement)) continue;
    const open = old.querySelector("details")?.open;
    old.replaceChildren(...now.childNodes);
    if (open) old.querySelector("details").open = true;
  }
};
if (live) {
  live.hidden = false;
  setInterval(() => renew().catch(() => {}), 30000);
  document.addEventListener("visibilitychange", () => renew().catch(() => {}));
}
