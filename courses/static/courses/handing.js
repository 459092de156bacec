// Hands files in one by one: each is kept when it arrives. A small one goes at once, and again under the same name
// after a cut; a larger one goes in pieces (tus) and on from the byte that arrived last, also on another day.
const form = document.querySelector("[data-handing]");
const input = form?.querySelector("input[type=file]");
const state = form?.querySelector("[data-autosave-state]");
const KEPT = 204;
const REFUSED = 422;
const PAUSE_MS = 5000;
const WAIT_MS = 120000; // for one piece: a line that says nothing for so long is cut
const PIECE = 128 * 1024;
const SMALLEST = 32 * 1024;
const LARGEST = 1024 * 1024;
const SECONDS = 4; // a piece: little is lost on a weak line, little is asked on a strong one
const AGAIN = [409, 410, 423]; // a piece is still on its way there, or what was there is gone: ask how far it is
const bar = form?.querySelector("[data-handing-bar]");
const names = new Map(); // file -> the id under which it is sent, however often
const arrived = new Set();
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

async function digestOf(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (one) => one.toString(16).padStart(2, "0")).join("");
}

// The same file, for the same answer, always has the same name: chosen again after the page was closed it goes on.
async function nameFor(file) {
  if (file.size <= PIECE || !crypto.subtle) return newId();
  const content = await digestOf(await file.arrayBuffer());
  const own = await digestOf(new TextEncoder().encode(`${location.pathname} ${content}`));
  return own.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, "$1-$2-8$3-a$4-$5");
}

async function idOf(file) {
  if (!names.has(file)) names.set(file, await nameFor(file));
  return names.get(file);
}

function show(file, sent) {
  const share = file.size ? sent / file.size : 1;
  bar.hidden = false;
  bar.value = share * 100;
  say(form.dataset.sending, true, { name: file.name, percent: Math.floor(share * 10) * 10 });
}

// The answer of the server; null when the line was cut.
function ask(method, address, headers, body, heard) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded }) => heard?.(loaded);
    request.onload = () => done(request);
    request.onerror = request.ontimeout = request.onabort = () => done(null);
    request.open(method, address);
    if (heard) request.timeout = WAIT_MS;
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

// The form itself, with a file or with the name of one that has arrived piece by piece.
async function post(file, fields, heard) {
  const data = new FormData();
  const all = { csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value, file_id: await idOf(file), ...fields };
  for (const [name, value] of Object.entries(all)) data.set(name, value);
  return ask("POST", form.action, { "X-Requested-With": "fetch" }, data, heard);
}

// The form's answer, or that of a piece that was refused; null when the line was cut.
async function send(file) {
  if (file.size <= PIECE) {
    show(file, 0);
    return post(file, { answer: file }, (sent) => show(file, Math.min(sent, file.size)));
  }
  if (!arrived.has(file)) {
    const refusal = await sendPieces(file);
    if (refusal !== undefined) return refusal;
    arrived.add(file);
  }
  return post(file, { arrived: "1" });
}

// Begun and gone on with at one address; nothing that is there already is sent again.
async function sendPieces(file) {
  const address = `${location.pathname}archivos/${await idOf(file)}/`;
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
  const length = { "Upload-Length": file.size, "Upload-Metadata": `filename ${name}` };
  let answer = await ask("POST", address, { ...headers, ...length }, null);
  let piece = PIECE;
  while (answer) {
    const at = answer.getResponseHeader("Upload-Offset");
    if (answer.status >= 300 || at === null) return answer;
    const from = Number(at);
    show(file, from);
    if (from >= file.size) return undefined;
    const began = performance.now();
    const part = file.slice(from, from + piece);
    const type = { "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" };
    answer = await ask("PATCH", address, { ...headers, ...type }, part, (sent) => show(file, from + sent));
    const speed = part.size / Math.max(0.001, (performance.now() - began) / 1000);
    piece = Math.round(Math.min(LARGEST, Math.max(SMALLEST, speed * SECONDS)));
  }
  return null;
}

// The words of a refusal: those of the page, or those of the door for pieces.
function wordsOf(answer) {
  if (answer.getResponseHeader("Tus-Resumable")) return answer.responseText;
  const page = new DOMParser().parseFromString(answer.responseText, "text/html");
  return page.querySelector("#error")?.textContent ?? "";
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
    while (answer === null || answer.status >= 500 || AGAIN.includes(answer.status)) {
      say(form.dataset.cut, true);
      await line();
      answer = await send(file);
    }
    if (answer.status === REFUSED || (answer.status >= 400 && answer.getResponseHeader("Tus-Resumable"))) {
      say(wordsOf(answer), true);
      names.delete(file);
      arrived.delete(file);
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
  bar.hidden = true;
  if (!isThere) return;
  input.value = "";
  form.requestSubmit(button ?? undefined);
});
