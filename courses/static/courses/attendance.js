// The list of a session goes on without a line: a mark is kept on this telephone before it is sent, and forgotten only
// when the server has it. What is kept belongs to the trainer who noted it.
const root = document.querySelector("[data-marks]");
if (root) start(root.dataset);

function start(say) {
  const store = `aula-asistencia:${say.person}:${say.session}`;
  const state = root.querySelector("[data-waiting]");
  const token = root.elements.csrfmiddlewaretoken.value;
  const rows = new Map([...root.querySelectorAll("[data-mark]")].map((row) => [row.dataset.mark, row]));
  let waiting = {}, busy = false, trouble = "", cannot = "";
  try { waiting = JSON.parse(localStorage.getItem(store)) ?? {}; } catch { cannot = say.cannot; }

  const newId = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

  function keep() {
    try { localStorage.setItem(store, JSON.stringify(waiting)); } catch { cannot = say.cannot; }
    show();
  }

  function show() {
    const every = Object.values(waiting), stuck = every.some((mark) => mark.message);
    const count = every.length === 1 ? say.one : say.many.replace("{n}", every.length);
    state.textContent = [every.length ? count : say.none, stuck ? say.stuck : "", every.length ? trouble : "", cannot]
      .filter(Boolean).join(" · ");
    state.hidden = false;
    state.classList.toggle("waiting", every.length > 0);
    for (const [key, mark] of Object.entries(waiting)) {
      const row = rows.get(key);
      if (!row) continue;
      row.querySelector("[data-says]").textContent = mark.message || say.unsent;
      const chosen = row.querySelector(`input[value=${mark.present ? "si" : "no"}]`);
      if (chosen) chosen.checked = true;
      if (mark.message) row.querySelector("[data-reason]")?.removeAttribute("hidden");
    }
  }

  function note(row) {
    const chosen = row.querySelector("input[type=radio]:checked");
    if (!chosen) return;
    const key = row.dataset.mark, reason = row.querySelector("[data-reason] input").value.trim();
    waiting[key] = { id: newId(), present: chosen.value === "si", at: new Date().toISOString(), reason };
    if (chosen.value === row.dataset.saved) {
      delete waiting[key];
      row.querySelector("[data-says]").textContent = say.sent;
    }
    keep();
    send();
  }

  function take(verdict) {
    const row = rows.get(verdict.enrolment), mark = waiting[verdict.enrolment];
    const isNewest = mark?.id === verdict.id;
    if (verdict.status < 300) {
      if (isNewest) delete waiting[verdict.enrolment];
      if (!row) return;
      if (isNewest) {
        row.dataset.saved = mark.present ? "si" : "no";
        row.querySelector("[data-says]").textContent = say.sent;
      }
      row.querySelector("[data-reason]")?.removeAttribute("hidden");
    } else if (isNewest) mark.message = verdict.message;
  }

  async function send() {
    const ready = Object.entries(waiting).filter(([, mark]) => !mark.message).slice(0, 100);
    if (busy || !ready.length) return;
    busy = true;
    try {
      const answer = await fetch(say.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({
          marks: ready.map(([enrolment, { id, present, at, reason }]) => ({ enrolment, id, present, at, reason })),
        }),
        signal: AbortSignal.timeout(20_000),
      });
      if (answer.redirected || !answer.ok) throw new Error(say.again);
      for (const verdict of (await answer.json()).verdicts) take(verdict);
      trouble = "";
    } catch (error) {
      trouble = error.message === say.again ? say.again : say.offline;
    }
    busy = false;
    keep();
    if (!trouble) send();
  }

  root.addEventListener("change", (event) => {
    const row = event.target.closest("[data-mark]");
    if (row) note(row);
  });
  root.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  root.querySelector("[data-plain]")?.setAttribute("hidden", "");
  addEventListener("online", send);
  document.addEventListener("visibilitychange", send);
  setInterval(send, 15_000);
  show();
  send();
}
