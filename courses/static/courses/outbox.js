// What happened on this device and the server does not have yet: kept here, by person, until the server answered for
// it. Pages put events in by `window.outbox`; "aula:told" says what became of them. The store keeps its old name.
const sync = document.querySelector("[data-sync]");
const say = (sync ?? document.querySelector("form[data-switch]"))?.dataset ?? {};
const line = sync?.querySelector("[data-state]"), send = sync?.querySelector("[data-send]");
const born = performance.now(); // after the grant, so this clock is never ahead of the server's
const exact = (n) => Math.round(n * 1000) / 1000;
const clock = () => exact((performance.now() - born) / 1000);
const BATCH = 100, SOON = 15_000, LATEST = 300_000;
const unsent = new Map(); // should the device keep nothing
let failed = "", pause = SOON, opened, waker;

// crypto.randomUUID is missing on plain http.
const uuid = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
  (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));

function remembered(name, make) {
  try {
    const value = make(localStorage.getItem("aula." + name));
    localStorage.setItem("aula." + name, value);
    return value;
  } catch {
    return (remembered[name] = make(remembered[name]));
  }
}
const device = remembered("device", (old) => old || uuid());
const sequence = () => remembered("sequence", (old) => (Number(old) || 0) + 1);

function store(mode, act) {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open("aula", 1);
    asked.onupgradeneeded = () =>
      asked.result.createObjectStore("segments", { keyPath: "id" }).createIndex("person", "person");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened.then((db) => new Promise((done, fail) => {
    const work = db.transaction("segments", mode);
    const asked = act(work.objectStore("segments"));
    work.oncomplete = () => done(asked?.result);
    work.onerror = work.onabort = () => fail(work.error);
  }));
}

async function keep(event) {
  const row = { id: uuid(), person: say.person, device, clock: clock(), course_version: say.version ?? "", ...event };
  unsent.set(row.id, row);
  await store("readwrite", (all) => all.put(row)).catch(() => {});
  if (!navigator.onLine || failed) wake();
  show();
  return row.id;
}

async function forget(ids) {
  ids.forEach((id) => unsent.delete(id));
  await store("readwrite", (all) => ids.forEach((id) => all.delete(id))).catch(() => {});
}

// Only this person's: others' wait until they sign in again.
async function waiting() {
  const kept = await store("readonly", (all) => all.index("person").getAll(say.person)).catch(() => []);
  return [...new Map([...kept, ...unsent.values()].map((one) => [one.id, one])).values()];
}

// Where the browser can, it sends what waits although no page is open.
const wake = () => navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("aula:" + say.person))
  .catch(() => {});

async function show() {
  if (!sync) return;
  const count = (await waiting()).length;
  const many = (count === 1 ? say.one : say.many).replace("{n}", count);
  let text = navigator.onLine ? say.online : say.offline;
  if (failed === "sign-in") text = say.signIn;
  if (count && (failed || !navigator.onLine)) text += " · " + many;
  if (line.textContent !== text) line.textContent = text;
  line.className = "state " + (navigator.onLine && !failed ? "ok" : "wait");
  send.hidden = !(count && failed && navigator.onLine);
}

// As pages of before kept a stretch.
const plain = ({ person, clock_to, ...rest }) => rest.kind ? rest : { ...rest, kind: "watched", clock: clock_to };

async function post(rows, keepalive) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  const answer = await fetch(say.url, {
    method: "POST", keepalive, credentials: "same-origin",
    headers: {
      "Content-Type": "application/json", "X-CSRFToken": token ? token[1] : say.csrf, "X-Aula-Person": say.person,
    },
    body: JSON.stringify({ events: rows.map(plain) }),
  });
  if ([400, 413, 422].includes(answer.status)) {
    // One cannot be taken: find it, or it holds up the rest.
    if (rows.length < 2) return forget(rows.map((row) => row.id));
    const half = rows.length >> 1;
    await post(rows.slice(0, half));
    return post(rows.slice(half));
  }
  if (!answer.ok) throw answer.status === 401 || answer.status === 403 ? "sign-in" : "server";
  await heard({ rows, ...(await answer.json()) });
}

// What the server answered to this page, or to the service worker in its place.
async function heard({ rows, verdicts, activities }) {
  const told = verdicts.map((verdict, place) => ({ ...verdict, event: rows[place] }));
  const over = told.filter((one) => one.status !== 425 && one.code !== "token.other_person");
  await forget(over.map((one) => one.event.id));
  tell(over);
  dispatchEvent(new CustomEvent("aula:told", { detail: { told: over, activities } }));
}

// What is not taken is told, and is not sent again. What is wrong with a video is told below it.
function tell(over) {
  const list = sync?.querySelector("[data-refused]");
  for (const { counts, message, event, outcome } of list ? over : []) {
    if (counts || (outcome === "stored" && (event.kind ?? "watched") !== "answered")) continue;
    if ([...list.children].some((one) => one.textContent === message)) continue;
    list.append(Object.assign(document.createElement("li"), { textContent: message }));
    list.hidden = false;
  }
}

async function flush() {
  if (!navigator.onLine) return show();
  const work = async () => {
    try {
      for (let rows = await waiting(); rows.length; rows = await waiting()) {
        await post(rows.slice(0, BATCH));
        if ((await waiting()).length >= rows.length) break;
      }
      [failed, pause] = ["", SOON];
    } catch (problem) {
      failed = problem === "sign-in" ? problem : "network";
      pause = Math.min(pause * 2, LATEST) * (0.75 + Math.random() / 2);
      wake();
    }
    show();
  };
  return navigator.locks?.request("aula", { ifAvailable: true }, (lock) => lock && work()) ?? work();
}

window.outbox = { keep, waiting, flush, clock, exact, sequence };

// What was stored a moment ago goes out in a request that outlives the page.
const leave = () => {
  const rows = [...unsent.values()].slice(-BATCH);
  if (rows.length && navigator.onLine) post(rows, true).then(show, show);
};
if (say.person) {
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);
  addEventListener("online", () => ((pause = SOON), flush()));
  addEventListener("offline", show);
  send?.addEventListener("click", flush);
  const beat = () => (waker = setTimeout(() => flush().finally(beat), pause));
  beat();
  flush();
  navigator.serviceWorker?.register(`/sw.js?idioma=${document.documentElement.lang}`).catch(() => {});
  navigator.serviceWorker?.addEventListener("message", ({ data }) => data.person === say.person && heard(data).then(show));
}

// A form that may be sent later: at once where there is a line, else as an event. `first`: it waits for others.
async function submit(form, event, later) {
  const state = form.querySelector("[data-form-state]");
  const rows = await waiting();
  const first = event.attempt ? rows.filter((one) => one.attempt === event.attempt && one.kind === "answered") : [];
  if (!first.length && navigator.onLine) {
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.ok) return later();
    } catch { /* no line after all */ }
  }
  if (!form.dataset.kept) {
    if (event.kind === "handed_in") event.after = first.map((one) => one.id);
    form.dataset.kept = await keep(event);
  }
  state.textContent = form.dataset.later;
  await flush();
}

for (const form of document.querySelectorAll("form[data-event]")) {
  const { event: kind, token, attempt, next } = form.dataset;
  const later = () => (next ? location.assign(next) : location.reload());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    await submit(form, attempt ? { kind, token, attempt } : { kind, token }, later);
    delete form.dataset.busy;
  });
  addEventListener("aula:told", ({ detail }) => {
    if (detail.told.some((one) => one.event.id === form.dataset.kept && one.outcome === "stored")) later();
  });
}

// "Cambiar de persona": sends what is kept, then leaves. The server empties the device's storage only when nothing
// waits in it, of whomever (`waiting` is 0).
async function empty() {
  document.querySelectorAll("video, audio").forEach((media) => media.pause());
  await new Promise((done) => setTimeout(done, 150)); // the pause closes a stretch, and that is stored
  await flush();
  return (await store("readonly", (all) => all.count())) + unsentWorksheets();
}

// What `worksheet.js` keeps goes by a way of its own, and is lost with the device's storage as well.
function unsentWorksheets() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith("aula.worksheet.")).length;
  } catch {
    return 0;
  }
}

for (const form of document.querySelectorAll("form[data-switch]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    const says = form.querySelector("[data-says]");
    if (!navigator.onLine) {
      says.textContent = form.dataset.offline;
      return;
    }
    form.dataset.busy = "1";
    says.textContent = form.dataset.sending;
    form.elements.waiting.value = await empty().catch(() => "");
    form.submit();
  });
}
