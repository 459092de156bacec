// Saves an answer as soon as it is chosen. Without this, the buttons save it.
const form = document.querySelector("[data-autosave]");
const state = form?.querySelector("[data-autosave-state]");
let saving = false;
let changed = false;

// true: kept there; false: not taken; null: no line.
async function send() {
  try {
    // Only 204 says that it was kept; a redirect leads to signing in, or to an attempt that is closed.
    const headers = { "X-Requested-With": "fetch" };
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers, redirect: "manual" });
    return answer.status === 204;
  } catch {
    return null;
  }
}

// The same answer as an event, which waits for the line.
function put() {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (name.startsWith("answer") && typeof value === "string") (fields[name] ??= []).push(value);
  }
  const { token, attempt, question } = form.dataset;
  return window.outbox.keep({ kind: "answered", token, attempt, question: Number(question), fields });
}

function say(words, waits) {
  state.textContent = form.dataset[words];
  state.classList.toggle("wait", waits);
}

// One after another, so that an older choice never arrives after a newer one.
async function save() {
  changed = true;
  if (saving) return;
  saving = true;
  let kept = false;
  while (changed) {
    changed = false;
    kept = await send();
    if (kept === null && !changed) await put();
  }
  saving = false;
  say(kept ? "saved" : kept === null ? "later" : "unsaved", !kept);
}

addEventListener("aula:told", ({ detail }) => {
  const here = detail.told.filter((one) => form && one.event.attempt === form.dataset.attempt);
  if (here.some((one) => one.event.question === Number(form.dataset.question) && one.counts)) say("saved", false);
});

// Without a line the next question cannot be shown; what was answered is kept.
form?.addEventListener("submit", (event) => {
  if (navigator.onLine) return;
  event.preventDefault();
  save();
});

form?.addEventListener("change", save);

// What is typed is saved when the fingers rest.
let resting;
form?.addEventListener("input", (event) => {
  if (!event.target.matches("textarea, input[type=text]")) return;
  clearTimeout(resting);
  resting = setTimeout(save, 1500);
});

// The time left: told each minute, in the last one each second. When it is over what is there is saved and sent.
const timer = document.querySelector("[data-seconds-left]");

function tell(left) {
  const number = timer.querySelector(".num");
  if (left < 60) number.textContent = `${left} s`;
  else number.textContent = number.textContent.replace(/^\d+/, Math.ceil(left / 60));
  timer.setAttribute("aria-live", left === 60 || left === 300 ? "polite" : "off");
}

if (timer) {
  const end = performance.now() + 1000 * Number(timer.dataset.secondsLeft);
  const beat = setInterval(async () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    if (left) return tell(left);
    clearInterval(beat);
    timer.textContent = timer.dataset.over;
    if (form) await save();
    if (state?.classList.contains("wait")) return; // no line: what was saved counts, and the server closes it
    const ways = [".quiz-send", "[name=go][value=review]", "[name=go][value=next]"];
    ways.map((way) => document.querySelector(way)).find(Boolean).click();
  }, 1000);
}
