// A worksheet that is being filled in: what is typed is kept on this device at once and sent when there is a line; the
// device lets go of it when the server has it. It says over which number of each answer it was typed, and on which page:
// so what another device wrote meanwhile is not lost.
const form = document.querySelector("[data-worksheet]");
const state = form.querySelector("[data-state]"), say = form.dataset;
const name = "aula.worksheet." + say.worksheet;
const SOON = 1500, AGAIN = 15_000;
const here = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
let typed = {}, timer, isSending = false;  // by field: { text, over, page }
const over = (field) => form.elements["n" + field.slice(1)];

try {
  typed = JSON.parse(localStorage.getItem(name)) ?? {};
  for (const [field, one] of Object.entries(typed)) {
    if (typeof one === "string") typed[field] = { text: one, over: "", page: "" };  // as it was kept before
  }
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
  for (const [field, one] of Object.entries(fields)) {
    body.append(field, one.text);
    body.append("n" + field.slice(1), one.over);
    body.set("page", one.page);
  }
  const headers = { "X-Requested-With": "aula", Accept: "application/json" };
  return fetch(form.action, { method: "POST", body, keepalive, headers });
}

// The number that stands now; and where two devices wrote, the other's text above what is typed here by now.
function take(fields, { numbers, joined }) {
  for (const [field, one] of Object.entries(fields)) {
    const input = form.elements[field], isSame = input.value === one.text;
    over(field).value = numbers[field];
    if (field in joined) input.value = joined[field].slice(0, joined[field].length - one.text.trim().length) + input.value;
    if (isSame) delete typed[field];
    else typed[field] = { text: input.value, over: numbers[field], page: here };
  }
  store();
}

async function send() {
  if (isSending || !Object.keys(typed).length) return;
  // What was typed on another page of this device goes by itself.
  const [{ page }] = Object.values(typed);
  const fields = Object.fromEntries(Object.entries(typed).filter(([, one]) => one.page === page));
  isSending = true;
  try {
    const answer = await post(fields);
    let said = say.saved;
    if (answer.ok && !answer.redirected) {
      const told = await answer.json();
      take(fields, told);
      if (Object.keys(told.joined).length) said = say.joined;
    } else if (answer.status === 422) {
      state.textContent = say.refused;
    } else state.textContent = say.signIn;
    if (!Object.keys(typed).length) state.textContent = said;
    else later(answer.ok && !answer.redirected ? SOON : AGAIN);
  } catch {
    state.textContent = say.kept;
    later(AGAIN);
  }
  isSending = false;
}

for (const field of form.querySelectorAll("textarea")) {
  if (field.name in typed) field.value = typed[field.name].text;
  field.addEventListener("input", () => {
    typed[field.name] = { text: field.value, over: typed[field.name]?.over ?? over(field.name).value, page: here };
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
