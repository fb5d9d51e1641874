// Keeps the page that checks certificates, so that it opens without a network. What the network gives comes first: the list of
// trusted keys is as fresh as it can be.
const KEPT = "rempart-verifier";
const PATIENCE = 4000; // milliseconds, then what was kept

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((kept) => kept.addAll(event.data))
      .then(() => event.source.postMessage("kept")),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && url.origin === self.location.origin) event.respondWith(answer(event.request));
});

async function answer(request) {
  const kept = await caches.open(KEPT);
  const before = await kept.match(request, { ignoreSearch: true, ignoreVary: true });
  if (!before) return fetch(request);
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (!fresh.ok || fresh.redirected) return before;
    await kept.put(request.url.split("?")[0], fresh.clone()); // one page, whatever was asked of it
    return fresh;
  } catch {
    return before;
  }
}
