"use strict";
/* Keeps the page /verify, in the languages in which it was opened here, and its files, for the time without a network.
   FILES and EDITION are written before this by the server. Nothing that anybody checks passes here. */
const PAGE = "/verify";
const CACHE = `verify-${EDITION}`;
const PATIENCE = 4000;

const inLanguage = (language) => `${PAGE}?lang=${language}`;

/* A copy that belongs to nobody: fetched without the visit's cookie. The latest is kept for addresses without a language. */
const keepPage = async (cache, language) => {
  const answer = await fetch(inLanguage(language), { credentials: "omit", cache: "no-cache" });
  if (!answer.ok) return;
  await cache.put(PAGE, answer.clone());
  await cache.put(inLanguage(language), answer);
};

const languagesKept = async () => {
  const requests = (await Promise.all((await ours()).map(async (name) => (await caches.open(name)).keys()))).flat();
  const found = requests.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname === PAGE);
  return [...new Set(found.map(({ searchParams }) => searchParams.get("lang")))].filter(Boolean);
};

const ours = async () => (await caches.keys()).filter((name) => name.startsWith("verify-") && name !== "verify-trust");

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES);
    for (const language of await languagesKept()) await keepPage(cache, language);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    await Promise.all((await ours()).filter((name) => name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (!/^[a-z]{2,3}$/.test(event.data)) return;
  event.waitUntil(caches.open(CACHE).then((cache) => keepPage(cache, event.data)).catch(() => {}));
});

const page = async (request) => {
  const cache = await caches.open(CACHE);
  const language = new URL(request.url).searchParams.get("lang");
  const copy = (language && await cache.match(inLanguage(language))) || await cache.match(PAGE);
  if (!copy) return fetch(request);
  const late = new Promise((resume) => { setTimeout(resume, PATIENCE, copy.clone()); });
  return Promise.race([fetch(request).catch(() => copy), late]);
};

const file = async (request) => {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(CACHE)).put(request, answer.clone());
  return answer;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === PAGE) event.respondWith(page(request));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});
