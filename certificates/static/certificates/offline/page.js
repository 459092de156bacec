// The page that checks a certificate on this device alone. What it says comes with the page, in the reader's language.
const say = JSON.parse(document.getElementById("aparato").textContent);
const [{ open }, states, { inFile, throughCamera }] = await Promise.all(say.modules.map((address) => import(address)));
states.use(say.inflater, say.keys);
const find = (name) => document.querySelector(`[data-${name}]`);
const told = find("told"), busy = find("busy"), result = find("result");
const where = { timeZone: "America/Guatemala" };
const lang = document.documentElement.lang === "en" ? "en" : "es-GT";
const dayOf = (at, zone = where) => new Intl.DateTimeFormat(lang, { dateStyle: "long", ...zone }).format(at);
const momentOf = (at) => new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short", hourCycle: "h23", ...where }).format(at);
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const made = new Date(say.made);
const DAY = 86_400_000, FRESH = 600_000; // a list may be some minutes older than it says
let turn = 0, isLooking = false;

// The answer ----------------------------------------------------------------------------------------------------------
async function judge(text) {
  const mine = ++turn;
  busy.textContent = "";
  const read = await open(text, say.keys);
  const state = read.is === "ours" ? await states.look(read.facts.list ?? "", read.facts.index) : null;
  if (mine !== turn) return; // something newer was asked meanwhile
  if (read.is === "ours") tellOurs(read, state);
  else if (read.is === "address") tell("wait", say.old, [say.old_how], [], `${say.check}${read.code}/`);
  else if (read.is === "forged") tell("no", say.forged, [read.unknown ? fill(say.unknown_key, { day: dayOf(made) }) : say.forged_how]);
  else tell("no", say.unreadable, [say.unreadable_how]);
}

function tellOurs({ facts, key }, state) {
  const isOver = facts.expires && Date.now() >= facts.expires.getTime();
  const isAfter = state && state.at.getTime() + FRESH >= facts.issued.getTime(); // the list knew of it
  const notes = [];
  let kind = "ok", words;
  const isOut = state?.isSet || state?.isSuspended;
  if (isOut) [kind, words] = ["no", state.isSet ? say.revoked : say.suspended];
  else if (isOver) [kind, words] = ["no", say.expired];
  else if (isAfter) words = fill(say.valid, { day: dayOf(state.at) });
  else [kind, words] = ["wait", say.unknown];
  if (isOver) notes.push(fill(say.expired_how, { day: dayOf(lastDay(facts)) }));
  if (isOut) notes.push(fill(state.isSet ? say.revoked_how : say.suspended_how, { at: momentOf(state.at) }));
  else if (isAfter) notes.push(fill(say.since, { at: momentOf(state.at) }));
  else notes.push(!state ? say.no_list : say.list_before);
  const age = state ? Math.floor((Date.now() - state.at) / DAY) : 0;
  if (age >= 1 && !isOut) notes.push(fill(age === 1 ? say.day_old : say.days_old, { n: age }));
  if (facts.isLonger) notes.push(say.longer);
  tell(kind, words, notes, rows(facts), "", fill(say.how, { key: key.id, day: dayOf(new Date(key.since)) }));
}

const lastDay = (facts) => new Date(facts.expires.getTime() - 1);

function rows(facts) {
  const hours = new Intl.NumberFormat(lang).format(facts.hours);
  return [
    [say.kind, say.kinds[facts.kind] ?? String(facts.kind)],
    [say.name, facts.name],
    [say.course, facts.title],
    [say.duration, fill(facts.hours === 1 ? say.hour : say.hours, { n: hours })],
    [say.completed, dayOf(facts.completed, { timeZone: "UTC" })],
    [say.issued, dayOf(facts.issued)],
    ...(facts.expires ? [[say.expires, dayOf(lastDay(facts))]] : []),
    [say.number, facts.reference],
    [say.code, facts.code.replace(/(.{5})(?=.{6})/g, "$1-")],
  ];
}

function element(name, words, className = "") {
  const made = document.createElement(name);
  made.textContent = words;
  if (className) made.className = className;
  return made;
}

function tell(kind, words, notes, facts = [], address = "", how = "") {
  const box = element("div", "", `notice ${kind}`);
  const title = element("h2", words, "big");
  title.tabIndex = -1;
  box.append(title, ...notes.map((note) => element("p", note)));
  told.replaceChildren(box);
  if (address) {
    const link = element("a", say.open, "btn");
    link.href = address;
    told.append(link);
  }
  if (facts.length) {
    const list = element("dl", "", "facts");
    for (const [label, said] of facts) list.append(element("dt", label), element("dd", said));
    told.append(element("h3", say.facts), list, element("p", say.compare));
  }
  if (how) told.append(element("h3", say.how_title), element("p", how));
  result.hidden = false;
  title.focus();
  title.scrollIntoView({ block: "nearest" });
}

// What is asked -------------------------------------------------------------------------------------------------------
find("paste").addEventListener("submit", (event) => {
  event.preventDefault();
  judge(new FormData(event.target).get("texto"));
});

async function judgeFile(file) {
  busy.textContent = say.reading;
  const said = await inFile(file, say.reader).catch(() => "");
  busy.textContent = "";
  if (said) judge(said);
  else tell("wait", said === null ? say.no_picture : say.no_square, [said === null ? say.no_picture_how : say.no_square_how]);
}

find("picture").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // the same one may be chosen again
  if (file) judgeFile(file);
});

async function lookThrough() {
  isLooking = true;
  find("camera").hidden = true;
  find("looking").hidden = false;
  busy.textContent = say.aim;
  try {
    const said = await throughCamera(find("video"), say.reader, () => !isLooking || document.hidden);
    busy.textContent = "";
    if (said) judge(said);
  } catch {
    busy.textContent = say.no_camera;
  }
  isLooking = false;
  find("camera").hidden = false;
  find("looking").hidden = true;
}

if (navigator.mediaDevices?.getUserMedia) {
  find("camera").hidden = false;
  find("camera").addEventListener("click", lookThrough);
  find("stop").addEventListener("click", () => (isLooking = false));
}

// What is kept here ---------------------------------------------------------------------------------------------------
async function sayAge() {
  const at = globalThis.caches ? await states.oldest(say.lists).catch(() => null) : null;
  find("lists").textContent = at ? fill(say.lists_of, { at: momentOf(at) }) : say.lists ? say.lists_missing : "";
}

async function fetchLists() {
  if (navigator.onLine) await states.refresh(say.lists);
  await sayAge();
}

find("refresh").addEventListener("click", async () => {
  const got = await states.refresh(say.lists);
  await sayAge();
  busy.textContent = got === say.lists.length ? say.refreshed : say.not_refreshed;
});
addEventListener("online", fetchLists);
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  find("install").hidden = false;
  find("install").onclick = () => event.prompt();
});
addEventListener("appinstalled", () => (find("install").hidden = true));

if (globalThis.crypto?.subtle && globalThis.caches) {
  find("app").hidden = false;
  await fetchLists().catch(() => {});
} else find("insecure").hidden = false;

try {
  const kept = await navigator.serviceWorker.register(say.worker);
  const worker = kept.installing ?? kept.waiting ?? kept.active;
  const ready = () => worker.state === "activated" && (find("ready").hidden = false);
  worker.addEventListener("statechange", ready);
  ready();
} catch {
  // The page works all the same while it is open.
}
