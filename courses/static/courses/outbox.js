// "Cambiar de persona": sends what recorder.js kept on this device and the server does not have yet, then leaves. The
// server empties the device's storage only when nothing waits in it, of whomever (`waiting` is 0).
const BATCH = 100;
const kept = () => new Promise((done, fail) => {
  const asked = indexedDB.open("aula", 1);
  asked.onupgradeneeded = () =>
    asked.result.createObjectStore("segments", { keyPath: "id" }).createIndex("person", "person");
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});
const ask = (db, mode, act) => new Promise((done, fail) => {
  const work = db.transaction("segments", mode);
  const asked = act(work.objectStore("segments"));
  work.oncomplete = () => done(asked?.result);
  work.onerror = work.onabort = () => fail(work.error);
});

async function post(form, rows) {
  const answer = await fetch(form.dataset.url, {
    method: "POST", credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ segments: rows.map(({ person, ...rest }) => rest), position: null }),
  });
  if (!answer.ok) throw new Error(answer.status);
  const { verdicts } = await answer.json();
  return verdicts.filter((one) => one.code !== "token.other_person").map((one) => one.id);
}

async function empty(form) {
  document.querySelectorAll("video, audio").forEach((media) => media.pause());
  const work = [new Promise((done) => setTimeout(done, 150))]; // the pause closes a segment, and that is stored
  await Promise.all(work);
  dispatchEvent(new CustomEvent("aula:leaving", { detail: work }));
  await Promise.allSettled(work);
  const db = await kept();
  const own = () => ask(db, "readonly", (all) => all.index("person").getAll(form.dataset.person));
  try {
    for (let rows = await own(), left = Infinity; rows.length && rows.length < left; rows = await own()) {
      left = rows.length;
      const done = await post(form, rows.slice(0, BATCH));
      await ask(db, "readwrite", (all) => done.forEach((id) => all.delete(id)));
    }
  } catch { /* what could not be sent waits, under its owner's name */ }
  return ask(db, "readonly", (all) => all.count());
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
    form.elements.waiting.value = await empty(form).catch(() => "");
    form.submit();
  });
}
