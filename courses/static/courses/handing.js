// Hands files in one by one: each is kept when it arrives, and what a cut stopped goes again under the same name.
const form = document.querySelector("[data-handing]");
const input = form?.querySelector("input[type=file]");
const state = form?.querySelector("[data-autosave-state]");
const KEPT = 204;
const REFUSED = 422;
const PAUSE_MS = 5000;
const names = new Map(); // file -> the id under which it is sent, however often
const kept = new Set();
let going = false;

function say(words, waits = false, put = {}) {
  const text = words.replace(/\{(\w+)\}/g, (_all, name) => put[name] ?? "");
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("wait", waits);
}

// crypto.randomUUID is missing on plain http.
function newId() {
  return (
    crypto.randomUUID?.() ??
    "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
      (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16),
    )
  );
}

// The answer of the server; null when the line was cut.
function send(file) {
  if (!names.has(file)) names.set(file, newId());
  const data = new FormData();
  data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  data.set("file_id", names.get(file));
  data.set("answer", file);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) =>
      say(form.dataset.sending, true, { name: file.name, percent: Math.floor((loaded / total) * 10) * 10 });
    request.onload = () => done(request);
    request.onerror = request.ontimeout = request.onabort = () => done(null);
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "fetch");
    request.send(data);
  });
}

// When the line may be back: told by the browser, or after a while.
function line() {
  return new Promise((done) => {
    const timer = setTimeout(go, PAUSE_MS);
    function go() {
      clearTimeout(timer);
      removeEventListener("online", go);
      done();
    }
    addEventListener("online", go);
  });
}

// Whether everything is there; false where somebody has to do something first.
async function handIn(files) {
  for (const file of files.filter((one) => !kept.has(one))) {
    let answer = await send(file);
    while (answer === null || answer.status >= 500) {
      say(form.dataset.cut, true);
      await line();
      answer = await send(file);
    }
    if (answer.status === REFUSED) {
      const page = new DOMParser().parseFromString(answer.responseText, "text/html");
      say(page.querySelector("#error")?.textContent ?? "", true);
      names.delete(file);
      return false;
    }
    if (answer.status !== KEPT) {
      say(form.dataset.untaken, true);
      return false;
    }
    kept.add(file);
  }
  return true;
}

form?.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (button?.name === "remove" || !input.files.length) return;
  event.preventDefault();
  if (going) return;
  going = true;
  const isThere = await handIn([...input.files]);
  going = false;
  if (!isThere) return;
  input.value = "";
  form.requestSubmit(button ?? undefined);
});
