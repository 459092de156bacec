// The editor of captions: the list of them beside the video, what is done with the one in hand, what a reader would say.
const KEYS = {
  KeyK: "play", KeyJ: "back", ArrowUp: "previous", ArrowDown: "next", KeyI: "start", KeyO: "end", KeyN: "add",
  Enter: "split", KeyU: "join", Backspace: "remove", KeyZ: "undo",
};
const BAD = ["backwards", "too_fast", "overlap", "moment"];
const NEW_MS = 2000;
const MOST_UNDONE = 100;

const element = (name, fields = {}, ...children) => {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
};

class Editor {
  constructor(box, format, waves, savings) {
    Object.assign(this, { box, format });
    this.words = box.querySelector("[data-words]").dataset;
    this.limits = JSON.parse(document.getElementById("captions-limits").textContent);
    this.video = box.querySelector("[data-video]");
    this.list = box.querySelector("[data-list]");
    this.area = box.querySelector("textarea[name=text]");
    this.screen = box.querySelector("[data-screen]");
    this.follows = box.querySelector("[data-follow]");
    this.summary = box.querySelector("[data-summary]");
    this.undone = [];
    this.current = 0;
    this.cues = format.parse(this.area.value);
    this.listen();
    this.wave = new waves.Wave(box, {
      cues: () => this.cues, current: () => this.current, seek: (at) => this.seek(at),
      move: (edge, at) => this.set(edge, at),
    });
    this.draw();
    this.saving = new savings.Saving(box, this.words, { read: () => format.render(this.cues), write: (text) => this.replace(text) });
    for (const part of box.querySelectorAll("[data-tools], [data-list], [data-wave-box], [data-summary]")) part.hidden = false;
    for (const part of box.querySelectorAll("[data-plain], [data-findings]")) part.hidden = true;
    this.show();
  }

  listen() {
    this.list.addEventListener("input", (event) => this.type(event.target));
    this.list.addEventListener("change", (event) => event.target.dataset.at && this.sort());
    this.list.addEventListener("focusin", (event) => this.take(Number(event.target.closest("li").dataset.index)));
    this.box.querySelector("[data-tools]").addEventListener("click", (event) => this.do(event.target.closest("[data-do]")?.dataset.do));
    // A button must not take the cursor out of the text: where it stands says where to split.
    this.box.querySelector("[data-tools]").addEventListener("mousedown", (event) => event.target.closest("[data-do]") && event.preventDefault());
    document.addEventListener("keydown", (event) => this.press(event));
    this.box.querySelector("[data-form]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.box.querySelector("[data-rate]").addEventListener("change", (event) => { if (this.video) this.video.playbackRate = Number(event.target.value); });
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) this.video?.addEventListener(name, () => this.show());
  }

  get now() { return Math.round((this.video?.currentTime ?? 0) * 1000); }

  // The list ---------------------------------------------------------------------------------------------------------

  draw() {
    this.list.replaceChildren(...this.cues.map((cue, index) => this.row(cue, index)));
    if (!this.cues.length) this.list.append(element("li", { className: "captions-none", textContent: this.words.none }));
    this.current = Math.min(this.current, Math.max(0, this.cues.length - 1));
    this.mark();
    this.judge();
  }

  row(cue, index) {
    const id = `cue-${index}`;
    const time = (edge, label) => {
      const input = element("input", { type: "text", value: this.format.clock(cue[edge]).replace(/^00:/, ""), inputMode: "decimal", autocomplete: "off" });
      input.dataset.at = edge;
      return element("label", {}, label, " ", input);
    };
    const area = element("textarea", { value: cue.text, rows: 2, spellcheck: true });
    area.setAttribute("aria-describedby", id);
    const legend = element("legend", { textContent: this.words.cue.replace("{n}", index + 1).replace("{all}", this.cues.length) });
    const times = element("div", { className: "captions-times" }, time("start", this.words.starts), time("end", this.words.ends));
    const check = element("p", { className: "captions-check", id });
    const text = element("label", { className: "captions-text" }, element("span", { className: "w-sr-only", textContent: this.words.text }), area);
    const item = element("li", {}, element("fieldset", {}, legend, times, text, check));
    item.dataset.index = index;
    return item;
  }

  item(index) { return this.list.children[index]; }

  type(input) {
    const index = Number(input.closest("li").dataset.index);
    const cue = this.cues[index];
    this.remember(`${index}.${input.dataset.at ?? "text"}`);
    if (input.dataset.at) {
      const at = this.format.moment(input.value);
      input.setAttribute("aria-invalid", at === null);
      cue.unread = at === null;
      if (at !== null) cue[input.dataset.at] = at;
    } else cue.text = input.value;
    this.judge(index);
    this.judge(index - 1);
    this.changed();
  }

  // What a reader would stumble on, in words; of one caption, or of all.
  judge(only) {
    const indexes = only === undefined ? this.cues.keys() : [only];
    for (const index of indexes) {
      const cue = this.cues[index];
      if (!cue) continue;
      cue.found = this.format.check(cue, this.cues[index + 1], this.limits);
      if (cue.unread) cue.found.unshift(["moment", 0]);
      const item = this.item(index);
      item.querySelector(".captions-check").textContent = cue.found.map(([code, number]) => this.words[code].replace("{n}", number)).join(" ");
      item.classList.toggle("is-bad", cue.found.some(([code]) => BAD.includes(code)));
      item.classList.toggle("is-warned", cue.found.length > 0);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sum(), only === undefined ? 0 : 800);
  }

  sum() {
    const bad = this.cues.filter((cue) => cue.found.some(([code]) => BAD.includes(code))).length;
    const warn = this.cues.filter((cue) => cue.found.length).length - bad;
    const words = bad + warn ? this.words.sum : this.words.fine;
    const text = words.replace("{n}", this.cues.length).replace("{bad}", bad).replace("{warn}", warn);
    if (this.summary.textContent !== text) this.summary.textContent = this.cues.length ? text : "";
  }

  // Which one is in hand ---------------------------------------------------------------------------------------------

  take(index) {
    if (index === this.current || Number.isNaN(index)) return;
    this.current = index;
    this.mark();
    this.wave?.draw();
  }

  mark() {
    for (const item of this.list.querySelectorAll("[aria-current]")) item.removeAttribute("aria-current");
    if (this.cues.length) this.item(this.current)?.setAttribute("aria-current", "true");
  }

  choose(index) {
    if (!this.cues[index]) return;
    this.take(index);
    this.seek(this.cues[index].start);
    this.focus();
  }

  focus() {
    const area = this.item(this.current)?.querySelector("textarea");
    area?.focus({ preventScroll: true });
    area?.closest("li").scrollIntoView({ block: "nearest" });
  }

  seek(at) {
    if (this.video) this.video.currentTime = at / 1000;
    this.wave.show(at);
  }

  show() {
    const now = this.now;
    const said = this.cues.findIndex((cue) => cue.start <= now && now < cue.end);
    this.screen.textContent = this.cues[said]?.text ?? "";
    const isWriting = this.list.contains(document.activeElement);
    if (said >= 0 && this.follows.checked && this.video && !this.video.paused && !isWriting) {
      this.take(said);
      this.item(said).scrollIntoView({ block: "nearest" });
    }
    this.wave.show(now);
  }

  // What is done with it ---------------------------------------------------------------------------------------------

  press(event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === "KeyS") {
      event.preventDefault();
      this.save();
    }
    if (!event.altKey || event.ctrlKey || event.metaKey || !KEYS[event.code]) return;
    event.preventDefault();
    this.do(KEYS[event.code]);
  }

  do(what) {
    const cue = this.cues[this.current];
    if (this.box.querySelector("[data-tools]").inert) return;
    const deeds = {
      play: () => (this.video?.paused ? this.video.play().catch(() => {}) : this.video?.pause()),
      back: () => this.seek(Math.max(0, this.now - 2000)),
      previous: () => this.choose(this.current - 1),
      next: () => this.choose(this.current + 1),
      start: () => cue && this.set("start", this.now),
      end: () => cue && this.set("end", this.now),
      add: () => this.add(),
      split: () => cue && this.split(cue),
      join: () => cue && this.join(cue, this.cues[this.current + 1]),
      remove: () => cue && this.change(() => this.cues.splice(this.current, 1)),
      undo: () => this.undo(),
      save: () => this.save(),
    };
    deeds[what]?.();
  }

  set(edge, at) {
    const cue = this.cues[this.current];
    if (!cue) return;
    this.remember(`${this.current}.${edge}`);
    cue[edge] = at;
    const input = this.item(this.current).querySelector(`[data-at=${edge}]`);
    input.value = this.format.clock(at).replace(/^00:/, "");
    this.judge(this.current);
    this.judge(this.current - 1);
    this.sort();
    this.wave.draw();
    this.changed();
  }

  // Captions stand in the order of time; what was in hand stays in hand.
  sort() {
    if (this.cues.every((cue, index) => !index || this.cues[index - 1].start <= cue.start)) return;
    const cue = this.cues[this.current];
    const hadFocus = this.list.contains(document.activeElement);
    this.cues.sort((a, b) => a.start - b.start);
    this.current = this.cues.indexOf(cue);
    this.draw();
    if (hadFocus) this.focus();
  }

  change(deed) {
    this.remember();
    deed();
    this.draw();
    this.show();
    this.changed();
    if (this.cues.length) this.focus();
  }

  add() {
    const now = this.now;
    const place = this.cues.findLastIndex((cue) => cue.start <= now) + 1;
    const end = Math.max(now + this.limits.short_ms, Math.min(now + NEW_MS, this.cues[place]?.start ?? Infinity));
    this.change(() => {
      this.cues.splice(place, 0, { start: now, end, text: "" });
      this.current = place;
    });
  }

  split(cue) {
    const area = this.item(this.current).querySelector("textarea");
    const cursor = document.activeElement === area ? area.selectionStart : 0;
    const middle = cue.text.indexOf(" ", Math.floor(cue.text.length / 2));
    const at = cursor > 0 && cursor < cue.text.length ? cursor : middle;
    if (at <= 0) return;
    const length = cue.end - cue.start;
    const now = this.now;
    const isInside = now > cue.start + length / 10 && now < cue.end - length / 10;
    const time = isInside ? now : Math.round(cue.start + length * at / cue.text.length);
    const rest = { start: time, end: cue.end, text: cue.text.slice(at).trim() };
    this.change(() => {
      Object.assign(cue, { end: time, text: cue.text.slice(0, at).trim() });
      this.cues.splice(this.current + 1, 0, rest);
    });
  }

  join(cue, after) {
    if (!after) return;
    const isShort = !`${cue.text}${after.text}`.includes("\n") && cue.text.length + after.text.length < this.limits.long_line;
    const text = [cue.text, after.text].filter(Boolean).join(isShort ? " " : "\n");
    this.change(() => {
      Object.assign(cue, { end: Math.max(cue.end, after.end), text });
      this.cues.splice(this.current + 1, 1);
    });
  }

  // What was there before; what is typed in one go into one field is one step.
  remember(place = "") {
    if (place && place === this.place) return;
    this.place = place;
    this.undone.push(JSON.stringify([this.cues.map(({ start, end, text }) => ({ start, end, text })), this.current]));
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return;
    this.place = "";
    [this.cues, this.current] = JSON.parse(before);
    this.draw();
    this.show();
    this.changed();
    this.focus();
  }

  replace(text) {
    this.remember();
    this.cues = this.format.parse(text);
    this.draw();
    this.show();
  }

  changed() { this.saving.changed(); }

  save() {
    const broken = this.cues.findIndex((cue) => cue.unread || (cue.end <= cue.start && cue.text.trim()));
    if (broken < 0) {
      this.saving.save();
      return;
    }
    this.take(broken);
    this.saving.refuse(this.words[this.cues[broken].unread ? "moment" : "backwards"]);
    const input = this.item(broken).querySelector("[aria-invalid=true]") ?? this.item(broken).querySelector("[data-at=end]");
    input.focus();
  }
}

export function start(box, format, waves, savings) {
  // What the server did not take is shown as it was typed, in the form.
  if (!box.hasAttribute("data-raw")) new Editor(box, format, waves, savings);
}
