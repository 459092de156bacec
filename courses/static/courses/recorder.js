// Records what is really played. A closed segment never changes; it is stored here before it is sent, and deleted
// only when the server has it.
const sync = document.querySelector("[data-sync]");
const say = sync.dataset, line = sync.querySelector("[data-state]"), send = sync.querySelector("[data-send]");
const born = performance.now(); // after the grant, so this clock is never ahead of the server's
const clock = () => (performance.now() - born) / 1000;
const exact = (n) => Math.round(n * 1000) / 1000;
const LONGEST = 15, EVERY = 15_000, BATCH = 100;
const unsent = new Map(); // should the device keep nothing
const players = [];
let failed = "", opened;

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

async function keep(segment) {
  unsent.set(segment.id, segment);
  await store("readwrite", (all) => all.put(segment)).catch(() => {});
  show();
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

async function show() {
  const count = (await waiting()).length;
  const many = (count === 1 ? say.one : say.many).replace("{n}", count);
  let text = navigator.onLine ? say.online : say.offline;
  if (failed === "sign-in") text = say.signIn;
  if (count && (failed || !navigator.onLine)) text += " · " + many;
  if (line.textContent !== text) line.textContent = text;
  line.className = "state " + (navigator.onLine && !failed ? "ok" : "wait");
  send.hidden = !(count && failed && navigator.onLine);
}

async function post(rows, keepalive) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  const mine = players.find((player) => player.touched);
  const segments = rows.map(({ person, ...rest }) => rest);
  const answer = await fetch(say.url, {
    method: "POST", keepalive, credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token ? token[1] : say.csrf },
    body: JSON.stringify({ segments, position: mine?.position() ?? null }),
  });
  if (answer.status === 422) {
    // One cannot be read: find it, or it holds up the rest.
    if (rows.length < 2) return forget(rows.map((row) => row.id));
    const half = rows.length >> 1;
    await post(rows.slice(0, half));
    return post(rows.slice(half));
  }
  if (!answer.ok) throw answer.status === 401 || answer.status === 403 ? "sign-in" : "server";
  const { verdicts, activities } = await answer.json();
  await forget(verdicts.filter((one) => one.code !== "token.other_person").map((one) => one.id));
  const sent = new Map(segments.map((one) => [one.id, one.token]));
  players.forEach((player) => {
    player.paint(activities);
    player.tell(verdicts.find((one) => !one.counts && sent.get(one.id) === player.token)?.message);
  });
}

async function flush() {
  if (!navigator.onLine) return show();
  const work = async () => {
    try {
      for (let rows = await waiting(); rows.length; rows = await waiting()) {
        await post(rows.slice(0, BATCH));
        if ((await waiting()).length >= rows.length) break;
      }
      failed = "";
    } catch (problem) {
      failed = problem === "sign-in" ? problem : "network";
    }
    show();
  };
  return navigator.locks?.request("aula", { ifAvailable: true }, (lock) => lock && work()) ?? work();
}

function watch(root) {
  const video = root.querySelector("video, audio");
  const { token, activity, video: film, cut } = root.dataset;
  const find = (name) => root.querySelector(`[data-${name}]`);
  let open, last;
  const here = () => ({ at: video.currentTime, clock: clock() });

  function begin(from = here()) {
    if (open || video.paused || video.seeking || video.ended) return;
    // Sound has no picture to be seen.
    open = { ...from, rate: video.playbackRate, visible: !document.hidden, audio: !video.videoWidth };
    last = from;
    self.touched = true;
  }

  function close() {
    const from = open;
    open = null;
    if (!from || last.at - from.at < 0.25) return;
    keep({
      id: uuid(), person: say.person, token, device, sequence: sequence(),
      from: exact(from.at), to: exact(last.at), clock_from: exact(from.clock), clock_to: exact(last.clock),
      rate: from.rate, visible: from.visible, audio: from.audio, offline: !navigator.onLine,
    });
  }

  function tick() {
    if (!open) return begin();
    const now = here();
    const leap = now.at - last.at;
    if (video.seeking || leap < 0 || leap > (now.clock - last.clock) * open.rate * 1.5 + 1) return close();
    last = now;
    if (now.clock - open.clock >= LONGEST) {
      close();
      begin(now);
    }
  }

  const stop = () => (tick(), close());
  const turn = () => (stop(), begin());
  const on = (name, act) => video.addEventListener(name, act);
  on("playing", () => begin());
  on("timeupdate", tick);
  for (const name of ["pause", "waiting", "ended", "emptied"]) on(name, stop);
  on("seeking", close);
  on("ratechange", turn);
  document.addEventListener("visibilitychange", turn);

  const self = {
    token, touched: false,
    position: () => ({ token, second: exact(video.currentTime), clock: exact(clock()) }),
    tell: (why) => why && (find("reason").textContent = why),
    paint(all) {
      const standing = all.find((one) => one.activity === activity && one.video === film);
      if (!standing) return;
      if (standing.cut != cut) return self.tell(say.recut); // other seconds
      const bar = find("bar");
      bar.replaceChildren(...standing.runs.map(([first, after]) => {
        const rect = document.createElementNS(bar.namespaceURI, "rect");
        for (const pair of Object.entries({ x: first, width: after - first, height: 10 })) rect.setAttribute(...pair);
        return rect;
      }));
      bar.setAttribute("aria-label", say.seen.replace("{n}", standing.percent));
      const words = find("words");
      words.textContent = standing.is_done ? say.done : standing.words;
      words.className = "state " + (standing.is_done ? "ok" : "wait");
    },
  };
  players.push(self);
  begin();
}

document.querySelectorAll("[data-watch]").forEach(watch);
// What was stored a moment ago goes out in a request that outlives the page.
const leave = () => {
  const rows = [...unsent.values()].slice(-BATCH);
  if (rows.length && navigator.onLine) post(rows, true).then(show, show);
};
document.addEventListener("visibilitychange", () => document.hidden && leave());
addEventListener("pagehide", leave);
addEventListener("aula:leaving", (event) => event.detail.push(flush())); // see outbox.js
addEventListener("online", flush);
addEventListener("offline", show);
send.addEventListener("click", flush);
setInterval(flush, EVERY);
flush();
