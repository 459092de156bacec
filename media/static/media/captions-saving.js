// Nothing that is typed is lost: a draft in the browser until the server has it, and both texts when somebody else saved.
const RETRY_MS = 20000;

const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);

export class Saving {
  // `read` gives the text as it is now, `write` puts another in its place.
  constructor(box, words, { read, write }) {
    Object.assign(this, { box, words, read, write });
    this.form = box.querySelector("[data-form]");
    this.version = this.form.elements.version;
    this.state = box.querySelector("[data-state]");
    this.key = box.dataset.draft;
    this.saved = read();
    this.isDirty = false;
    this.waits = null;
    addEventListener("online", () => this.waits === "line" && this.save());
    setInterval(() => this.waits === "line" && this.save(), RETRY_MS);
    addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => document.hidden && this.keep());
    addEventListener("beforeunload", (event) => { if (this.isDirty && !this.keep()) event.preventDefault(); });
    this.offer();
  }

  say(text, isBad = false) {
    this.state.textContent = text;
    this.state.classList.toggle("is-bad", isBad);
  }

  changed() {
    this.isDirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep() && !this.isSaving && this.waits !== "line" && this.say(this.words.unsaved), 300);
  }

  // The draft. False when the browser would not take it.
  keep() {
    if (!this.isDirty) return true;
    try {
      localStorage.setItem(this.key, JSON.stringify({ version: this.version.value, text: this.read(), at: Date.now() }));
      return true;
    } catch {
      this.say(this.words.kept, true);
      return false;
    }
  }

  // What stands in the way of saving; the draft is kept all the same.
  refuse(text) {
    clearTimeout(this.timer);
    this.keep();
    this.say(text, true);
  }

  drop() {
    try { localStorage.removeItem(this.key); } catch { /* private window */ }
  }

  draft() {
    try { return JSON.parse(localStorage.getItem(this.key)); } catch { return null; }
  }

  // A draft of another day: nothing can be changed until it is known which of the two goes on.
  offer() {
    const draft = this.draft();
    if (!draft?.text || draft.text === this.saved) return;
    const notice = this.box.querySelector("[data-found]");
    const parts = this.box.querySelectorAll("[data-list], [data-tools], [data-form]");
    const choose = (use) => {
      notice.hidden = true;
      for (const part of parts) part.inert = false;
      if (!use) return this.drop();
      this.version.value = draft.version;
      this.write(draft.text);
      return this.changed();
    };
    for (const part of parts) part.inert = true;
    notice.querySelector("[data-found-at]").textContent = new Date(draft.at).toLocaleString(document.documentElement.lang);
    notice.querySelector("[data-found-use]").onclick = () => choose(true);
    notice.querySelector("[data-found-drop]").onclick = () => choose(false);
    notice.hidden = false;
  }

  async save() {
    if (this.isSaving) return;
    this.isSaving = true;
    this.waits = null;
    clearTimeout(this.timer);
    this.keep();
    const text = this.read();
    this.say(this.words.saving);
    try {
      await this.hear(await this.send(text), text);
    } catch {
      this.waits = "line";
      this.say(this.words.lost, true);
    } finally {
      this.isSaving = false;
    }
  }

  send(text) {
    const body = new FormData();
    body.set("text", text);
    body.set("version", this.version.value);
    const token = cookie("csrftoken") ?? this.form.elements.csrfmiddlewaretoken.value;
    return fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
  }

  async hear(answer, text) {
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json") && !answer.redirected;
    if (!isOurs) {
      this.say(answer.status >= 500 ? this.words.broken : this.words.out, true);
      return;
    }
    const told = await answer.json();
    if (answer.status === 409) this.ask(told);
    else if (!answer.ok) this.say(told.message, true);
    else this.done(told, text);
  }

  done(told, text) {
    this.version.value = told.version;
    this.box.querySelector("[data-conflict]").hidden = true;
    this.isDirty = this.read() !== text;
    if (this.isDirty) this.keep();
    else this.drop();
    this.saved = text;
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    this.say(this.isDirty ? this.words.unsaved : this.words.saved.replace("{time}", time));
  }

  ask({ message, version, text }) {
    const notice = this.box.querySelector("[data-conflict]");
    const part = (name) => notice.querySelector(`[data-conflict-${name}]`);
    part("words").textContent = message;
    part("text").value = text;
    part("file").href = URL.createObjectURL(new Blob([this.read()], { type: "text/vtt" }));
    part("mine").onclick = () => {
      this.version.value = version;
      this.save();
    };
    part("theirs").onclick = () => {
      this.version.value = version;
      this.write(text);
      this.isDirty = false;
      this.drop();
      this.say("");
      notice.hidden = true;
    };
    this.say(message, true);
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
    part("mine").focus({ preventScroll: true });
  }
}
