/** The service worker of a page that wants none any more: it takes the place of the one before, removes what that kept, and goes. */
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(leave()));

async function leave() {
  const names = (await caches.keys()).filter((name) => name.startsWith('drop-page-'));
  await Promise.all(names.map((name) => caches.delete(name)));
  await self.registration.unregister();
}
