// One file inside a dialogue (the video chooser): it goes up, then its form is sent as Wagtail sends it.
const states = new WeakMap();

async function begin(input) {
  const form = input.form;
  const text = form.dataset;
  const file = input.files[0];
  states.get(form)?.sending?.cancel();
  states.delete(form);
  form.querySelector("[name$=upload]").value = "";
  if (!file) return;
  const state = { isWanted: false };
  states.set(form, state);
  const { Sending } = await import(text.module);
  const box = form.querySelector("[data-upload-box]");
  const bar = box.querySelector("progress");
  const [numbers, words] = [box.querySelector("[data-upload-numbers]"), box.querySelector("[data-upload-words]")];
  const title = form.querySelector("[name$=title]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  box.hidden = false;
  if (title && !title.value) title.value = file.name.replace(/\.[^.]*$/, "").replace(/[_-]+/g, " ").slice(0, 160);
  const tell = (news) => {
    if (!form.isConnected) { state.sending.pause(); return; } // the dialogue was closed: it waits among the unfinished
    if (news.kind === "moving") {
      bar.max = news.total;
      bar.value = news.sent;
      numbers.textContent = news.words;
      return;
    }
    words.textContent = news.words;
    words.classList.toggle("error-message", news.kind === "dropped");
    if (news.kind === "dropped") states.delete(form);
    if (news.kind !== "done") return;
    bar.value = bar.max;
    form.querySelector("[name$=upload]").value = state.sending.id;
    input.value = "";
    states.delete(form);
    if (state.isWanted) form.requestSubmit();
  };
  state.sending = new Sending(file, { text, token, tell });
  if (file.size > Number(text.max)) { words.textContent = text.big; states.delete(form); input.value = ""; return; }
  state.sending.start();
}

if (window.tus && window.tus.isSupported) {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-upload-one] input[type=file]")) begin(event.target);
  });
  // Before Wagtail's own listener on the form itself.
  document.addEventListener("submit", (event) => {
    const state = states.get(event.target);
    if (!state) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    state.isWanted = true;
    event.target.querySelector("[data-upload-words]").textContent = event.target.dataset.then;
  }, true);
}
