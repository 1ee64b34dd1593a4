"use strict";
/* Keeps the centre app for the time without a network. FILES, LATER and EDITION are written before this by the server:
   what is kept at once, what is kept when somebody works here, and which release this is. No record passes here. */
const PAGE = "/centre";
const CACHE = `centre-${EDITION}`;
const textsIn = (language) => `/centre/texts.json?lang=${language}`;

const languagesKept = async () => {
  const names = (await caches.keys()).filter((name) => name.startsWith("centre-"));
  const kept = (await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))).flat().map(({ url }) => new URL(url));
  return {
    languages: [...new Set(kept.filter(({ pathname }) => pathname === "/centre/texts.json").map(({ searchParams }) => searchParams.get("lang")))],
    later: LATER.some((file) => kept.some(({ pathname }) => pathname === new URL(file, location).pathname)),
  };
};

const keep = async (cache, addresses) => {
  for (const address of addresses) {
    if (await cache.match(address)) continue;
    const answer = await fetch(address, { credentials: "omit", cache: "no-cache" });
    if (!answer.ok) throw new TypeError(address);
    await cache.put(address, answer);
  }
};

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const { languages, later } = await languagesKept();
    await keep(cache, [PAGE, ...FILES, ...languages.map(textsIn)]);
    if (later) await keep(cache, LATER);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("centre-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  const { language, all } = event.data;
  const wanted = (all ?? [language]).filter((one) => /^[a-z]{2,3}$/.test(one));
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await keep(cache, wanted.map(textsIn));
    if (all) await keep(cache, LATER);
    event.source?.postMessage(all ? "all" : "shell");
  })().catch(() => {}));
});

/* The app comes from here first: it opens at once on any line, and a new release takes over at the next opening. */
const kept = async (address, request) => {
  const cache = await caches.open(CACHE);
  const found = await cache.match(address);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && address !== PAGE) await cache.put(address, answer.clone());
  return answer;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === PAGE) event.respondWith(kept(PAGE, request));
  else if (pathname === "/centre/texts.json" || pathname.startsWith("/static/")) event.respondWith(kept(pathname + search, request));
});
