"use strict";
/* Shows the button "near me" where the browser can tell a position, and searches with it, blurred to a kilometre. */
const near = document.getElementById("near");
if (near && "geolocation" in navigator) {
  near.hidden = false;
  const button = near.querySelector("button");
  const told = near.querySelector("output");
  button.addEventListener("click", () => {
    button.disabled = true;
    told.textContent = near.dataset.wait;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const way = new URL(near.dataset.to, location.href);
        way.searchParams.set("lat", coords.latitude.toFixed(2));
        way.searchParams.set("long", coords.longitude.toFixed(2));
        location.assign(way);
      },
      () => {
        button.disabled = false;
        told.textContent = near.dataset.sorry;
      },
      { timeout: 20000, maximumAge: 600000 },
    );
  });
}
