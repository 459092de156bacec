// Several files go up while their titles are being written; each is saved as soon as it is whole and wanted.
const form = document.querySelector("[data-upload]");

async function begin({ Sending, bytes, fill }) {
  const text = form.dataset;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const chooser = form.querySelector("input[type=file]");
  const list = form.querySelector("[data-upload-list]");
  const model = form.querySelector("[data-upload-row]");
  const summary = form.querySelector("[data-upload-summary]");
  const most = matchMedia("(max-width: 50em)").matches || navigator.connection?.saveData ? 1 : 3;
  const rows = [];
  let saving = Promise.resolve();
  chooser.multiple = true;
  chooser.value = "";

  const isMoving = (row) => row.sending?.upload && !row.sending.isDone && !row.sending.isPaused && !row.isGone;
  const isOnItsWay = (row) => row.hasStarted && !row.sending.isDone && !row.sending.isPaused && !row.isGone;

  function turnToNext() {
    const free = most - rows.filter(isOnItsWay).length;
    for (const row of rows.filter((one) => !one.hasStarted && !one.isGone && !one.isBad).slice(0, Math.max(0, free))) {
      row.hasStarted = true;
      row.sending.start();
    }
  }

  function say(row, words, isBad = false) {
    row.words.textContent = words;
    row.words.classList.toggle("error-message", isBad);
  }

  function hear(row, { kind, words, sent, total }) {
    if (row.isGone) return;
    if (kind === "moving") {
      row.bar.max = total;
      row.bar.value = sent;
      row.numbers.textContent = words;
      return;
    }
    say(row, words, kind === "dropped");
    row.pause.hidden = kind === "done";
    row.pause.firstChild.textContent = kind === "dropped" ? text.resume : text.pause;
    if (kind === "done") {
      row.bar.value = row.bar.max;
      row.numbers.textContent = bytes(row.file.size);
      if (row.isWanted) save(row);
    }
    if (kind === "done" || kind === "dropped") turnToNext();
  }

  function add(file) {
    const element = model.content.firstElementChild.cloneNode(true);
    const find = (name) => element.querySelector(`[data-row-${name}]`);
    const row = { file, element, bar: find("bar"), numbers: find("numbers"), words: find("words"), pause: find("pause") };
    Object.assign(row, { cancel: find("cancel"), link: find("link"), title: find("title") });
    find("name").textContent = `${file.name} · ${bytes(file.size)}`;
    for (const button of [row.pause, row.cancel]) button.querySelector("span").textContent = ` ${file.name}`;
    row.title.value = file.name.replace(/\.[^.]*$/, "").replace(/[_-]+/g, " ").slice(0, 160);
    row.sending = new Sending(file, { text, token, tell: (news) => hear(row, news) });
    row.pause.addEventListener("click", () => toggle(row));
    row.cancel.addEventListener("click", () => drop(row));
    row.isBad = file.size > Number(text.max) || file.size === 0;
    row.pause.hidden = row.isBad;
    say(row, row.isBad ? (file.size ? text.big : text.empty) : text.waits, row.isBad);
    list.append(element);
    rows.push(row);
  }

  function toggle(row) {
    const { sending } = row;
    if (sending.isPaused) sending.resume(); else sending.pause();
    row.pause.firstChild.textContent = sending.isPaused ? text.resume : text.pause;
    if (sending.isPaused) say(row, text.paused);
    else if (row.hasStarted) say(row, text.starting);
    turnToNext();
  }

  function drop(row) {
    row.isGone = true;
    const focus = row.element.nextElementSibling?.querySelector("input") || chooser;
    row.element.remove();
    row.sending.cancel();
    focus.focus();
    turnToNext();
    conclude();
  }

  function save(row) {
    row.isWanted = false;
    row.isBeingSaved = true;
    say(row, text.saving);
    saving = saving.then(() => post(row)).catch(() => say(row, text.failed, true)).then(() => {
      row.isBeingSaved = false;
      conclude();
    });
  }

  async function post(row) {
    const data = new FormData(form);
    data.delete("file");
    data.set("title", row.title.value);
    data.set("upload", row.sending.id);
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const said = await answer.json();
    if (answer.status !== 201) {
      say(row, said.error, true);
      row.isBad = !said.is_kept;
      if (row.isBad) row.sending.forget();
      return;
    }
    row.isSaved = true;
    row.address = said.url;
    say(row, text.saved);
    row.link.href = said.url;
    row.link.hidden = false;
    row.cancel.hidden = row.pause.hidden = row.title.parentElement.hidden = true;
    row.link.firstElementChild.textContent = ` ${said.title}`;
    row.element.querySelector("[data-row-name]").textContent = said.title;
  }

  function conclude() {
    const here = rows.filter((row) => !row.isGone);
    if (here.length === 0 || here.some((row) => !row.isSaved)) return;
    if (here.length === 1) { window.location.assign(here[0].address); return; }
    summary.textContent = fill(text.all, { n: here.length });
    summary.hidden = false;
  }

  chooser.addEventListener("change", () => {
    const files = [...chooser.files];
    if (files.length === 0) return;
    chooser.value = "";
    form.querySelector("[data-upload-single]")?.remove();
    form.querySelector("[name=upload]").value = "";
    files.forEach(add);
    turnToNext();
    rows.find((row) => row.file === files[0]).title.focus();
  });

  form.addEventListener("submit", (event) => {
    if (rows.length === 0) return;
    event.preventDefault();
    for (const row of rows.filter((one) => !one.isSaved && !one.isBeingSaved && !one.isGone && !one.isBad)) {
      if (!row.title.value.trim()) { say(row, text.untitled, true); row.title.focus(); continue; }
      if (row.sending.isDone) { save(row); continue; }
      row.isWanted = true;
      if (row.hasStarted && row.sending.isPaused) toggle(row);
      say(row, text.then);
    }
  });
  window.addEventListener("beforeunload", (event) => { if (rows.some(isMoving)) event.preventDefault(); });
}

if (form && window.tus && window.tus.isSupported) import(form.dataset.module).then(begin);
