"use strict";
/* Warns two minutes before the visit ends and lets it go on. What was typed stays: it is kept over a new sign-in. */
const visit = document.getElementById("visit");
const note = visit?.querySelector("[role=alert]");
let ends;
const wait = (seconds) => {
  clearTimeout(ends);
  ends = setTimeout(() => { note.hidden = false; }, Math.max(0, seconds - 120) * 1000);
};
if (note) {
  wait(Number(visit.dataset.seconds));
  note.querySelector("button").addEventListener("click", async () => {
    const answer = await fetch("/visit/stay", { method: "POST", redirect: "manual" });
    if (!answer.ok) return location.reload();
    note.hidden = true;
    wait(Number(visit.dataset.seconds));
  });
}
