"use strict";
/* Shows what a push brings. SAID is written before this by the server. Nothing is kept, and no page passes here. */
self.addEventListener("push", (event) => {
  const body = event.data?.text() ?? "";
  if (!body) return;
  const { title, lang, dir } = SAID;
  event.waitUntil(self.registration.showNotification(title, { body, lang, dir, tag: body.slice(0, 200) }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("/people"));
});
