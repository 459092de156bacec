// A worksheet that is being filled in: what is typed is kept on this device at once and sent when there is a line; the
// device lets go of it when the server has it.
const form = document.querySelector("[data-worksheet]");
const state = form.querySelector("[data-state]"), say = form.dataset;
const name = "aula.worksheet." + say.worksheet;
const SOON = 1500, AGAIN = 15_000;
let typed = {}, timer, isSending = false;

try {
  typed = JSON.parse(localStorage.getItem(name)) ?? {};
} catch { /* the device keeps nothing: typed has it as long as the page is open */ }

function store() {
  try {
    if (Object.keys(typed).length) localStorage.setItem(name, JSON.stringify(typed));
    else localStorage.removeItem(name);
  } catch { /* as above */ }
}

function later(pause) {
  clearTimeout(timer);
  timer = setTimeout(send, pause);
}

function post(fields, keepalive = false) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  Object.entries(fields).forEach(([field, text]) => body.append(field, text));
  return fetch(form.action, { method: "POST", body, keepalive, headers: { "X-Requested-With": "aula" } });
}

async function send() {
  const fields = { ...typed };
  if (isSending || !Object.keys(fields).length) return;
  isSending = true;
  try {
    const answer = await post(fields);
    if (answer.status === 204) {
      for (const field of Object.keys(fields)) if (typed[field] === fields[field]) delete typed[field];
      store();
    } else if (answer.status === 422) {
      state.textContent = say.refused;
    } else state.textContent = say.signIn;
    if (!Object.keys(typed).length) state.textContent = say.saved;
    else later(answer.status === 204 ? SOON : AGAIN);
  } catch {
    state.textContent = say.kept;
    later(AGAIN);
  }
  isSending = false;
}

for (const field of form.querySelectorAll("textarea")) {
  if (field.name in typed) field.value = typed[field.name];
  field.addEventListener("input", () => {
    typed[field.name] = field.value;
    store();
    later(SOON);
  });
}
form.addEventListener("submit", async (event) => {
  // Without a line the browser would show an empty page in the place of what was typed.
  if (navigator.onLine) return;
  event.preventDefault();
  state.textContent = say.kept;
});
addEventListener("online", send);
addEventListener("pagehide", () => Object.keys(typed).length && post(typed, true).catch(() => {}));
addEventListener("beforeprint", () => {
  for (const paper of form.querySelectorAll("[data-paper]")) {
    const text = form.elements[paper.dataset.paper].value;
    paper.textContent = text;
    for (const line of paper.parentElement.querySelectorAll(".worksheet-line")) line.hidden = Boolean(text);
  }
});
if (Object.keys(typed).length) send();
