// The service worker: keeps no page, only sends what waits and says calmly that there is no line. Uses says (JSON), url.
const SAYS = {{ says|safe }};
const ask = (mode, act) => new Promise((done, fail) => {
  const asked = indexedDB.open("aula", 1);
  asked.onupgradeneeded = () =>
    asked.result.createObjectStore("segments", { keyPath: "id" }).createIndex("person", "person");
  asked.onerror = () => fail(asked.error);
  asked.onsuccess = () => {
    const work = asked.result.transaction("segments", mode);
    const got = act(work.objectStore("segments"));
    work.oncomplete = () => (asked.result.close(), done(got?.result));
    work.onerror = work.onabort = () => fail(work.error);
  };
});

async function offline() {
  const count = await ask("readonly", (all) => all.count()).catch(() => 0);
  const waits = !count ? SAYS.none : count === 1 ? SAYS.one : SAYS.many.replace("{n}", count);
  const page = `<!doctype html><html lang="${SAYS.language}"><meta charset="utf-8"><title>${SAYS.title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{font:1.125rem/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem}a{color:inherit}</style>
<main><h1>${SAYS.title}</h1><p>${waits}</p><p>${SAYS.lost}</p><p><a href="">${SAYS.again}</a></p></main></html>`;
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

// Only what that person left; the server takes nothing from anybody else.
async function flush(person) {
  const rows = (await ask("readonly", (all) => all.index("person").getAll(person))).filter((one) => one.kind);
  const token = await self.cookieStore?.get("csrftoken");
  for (let first = 0; token && first < rows.length; first += 100) {
    const some = rows.slice(first, first + 100);
    const answer = await fetch("{{ url|escapejs }}", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token.value, "X-Aula-Person": person },
      body: JSON.stringify({ events: some.map(({ person, ...rest }) => rest) }),
    });
    if (!answer.ok) throw answer.status; // the browser tries again, some times
    const { verdicts, activities } = await answer.json();
    // What was not taken is left for the page, which says so.
    const over = some.filter((_one, place) => [200, 201].includes(verdicts[place].status) && verdicts[place].counts);
    await ask("readwrite", (all) => over.forEach((one) => all.delete(one.id)));
    for (const page of await clients.matchAll()) page.postMessage({ person, rows: some, verdicts, activities });
  }
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { mode, method, url } = event.request;
  if (mode !== "navigate" || method !== "GET" || new URL(url).pathname.startsWith("/cms/")) return;
  event.respondWith(fetch(event.request).catch(offline));
});
addEventListener("sync", (event) => {
  if (event.tag.startsWith("aula:")) event.waitUntil(flush(event.tag.slice(5)));
});
