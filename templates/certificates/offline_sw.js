// Keeps the verifier on the device, all of it or nothing, and answers with it when there is no line. Uses files, version.
const KEPT = "aula-verificar-{{ version }}", FILES = {{ files|safe }}, PAGE = FILES[0], PATIENCE = 4000;

addEventListener("install", (event) => {
  const wanted = FILES.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(wanted)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const tidy = (names) =>
    Promise.all(names.filter((name) => name.startsWith("aula-verificar-") && name !== KEPT).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(tidy).then(() => clients.claim()));
});

// The page as it is today, or the one that is kept when the line is down, slow or broken.
async function fresh(request) {
  const late = new Promise((_done, fail) => setTimeout(fail, PATIENCE));
  const answer = await Promise.race([fetch(request), late]);
  if (!answer.ok) throw answer.status;
  return answer;
}

const kept = async (request) => (await (await caches.open(KEPT)).match(request)) ?? fetch(request);

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === PAGE) event.respondWith(fresh(event.request).catch(() => kept(PAGE)));
  else if (FILES.includes(pathname)) event.respondWith(kept(pathname));
});
