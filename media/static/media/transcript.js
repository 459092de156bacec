// The lines of a video under it: a click plays there, the line that is being said is marked, words are found.
const opened = new WeakMap();

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

// The player above: the nearest thing around us that holds one.
function stage(box) {
  let around = box.parentElement;
  while (around && !around.querySelector("video, audio")) around = around.parentElement;
  return around;
}

class Transcript {
  constructor(box, cues) {
    this.cues = cues;
    this.box = box;
    this.list = box.querySelector("[data-lines]");
    this.note = box.querySelector("[data-note]");
    this.words = box.querySelector("[data-look-for]");
    this.language = box.querySelector("[data-language]");
    this.stage = stage(box);
    this.lines = [];
    this.said = -1;
    this.list.addEventListener("click", (event) => this.go(event.target.closest("button")));
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.words.addEventListener("input", () => this.search());
    this.language?.addEventListener("change", () => this.load(this.language.value));
    // Media events do not rise; caught on their way down, a player may change its element.
    this.stage?.addEventListener("timeupdate", (event) => this.follow(event.target), { capture: true });
  }

  get player() { return this.stage?.querySelector("video, audio"); }

  async load(url) {
    this.url = url;
    this.note.textContent = this.box.dataset.loading;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(answer.status);
      const cues = this.cues.parse(await answer.text());
      if (this.url === url) this.show(cues);
    } catch {
      this.url = "";
      this.note.textContent = this.box.dataset.lost;
    }
  }

  show(cues) {
    this.said = -1;
    this.lines = cues.map((cue, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const [time, words] = [document.createElement("span"), document.createElement("span")];
      button.type = "button";
      button.tabIndex = index ? -1 : 0;
      button.dataset.index = index;
      time.className = "num";
      time.textContent = clock(cue.start);
      words.textContent = cue.text.replaceAll("\n", " ");
      button.append(time, words);
      item.append(button);
      return { ...cue, item, button, words, plain: words.textContent };
    });
    this.list.replaceChildren(...this.lines.map((line) => line.item));
    if (this.language) this.list.lang = this.language.selectedOptions[0].lang;
    this.list.hidden = this.box.querySelector("[data-tools]").hidden = false;
    this.search();
    if (this.player) this.follow(this.player);
  }

  search() {
    const wanted = this.cues.fold(this.words.value).split(" ").filter(Boolean);
    let count = 0;
    for (const line of this.lines) {
      const spans = wanted.map((word) => this.cues.find(line.plain, word));
      const has = spans.every((span) => span);
      line.item.hidden = !has;
      count += has;
      paint(line, has ? spans : []);
    }
    const { none, one, many } = this.box.dataset;
    this.note.textContent = !wanted.length ? "" : [none, one][count] ?? many.replace("{n}", count);
    this.rove(this.shown()[0]);
  }

  shown() { return this.lines.filter((line) => !line.item.hidden); }

  rove(line) {
    for (const other of this.lines) other.button.tabIndex = other === line ? 0 : -1;
  }

  walk(event) {
    const shown = this.shown();
    const at = shown.findIndex((line) => line.button === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined || !shown[to]) return;
    event.preventDefault();
    this.rove(shown[to]);
    shown[to].button.focus();
  }

  go(button) {
    const player = this.player;
    if (!button || !player) return;
    const line = this.lines[button.dataset.index];
    this.rove(line);
    player.currentTime = line.start / 1000 + 0.01;
    player.play().catch(() => {});
  }

  follow(player) {
    if (!this.box.open || !this.lines.length) return;
    const at = player.currentTime * 1000;
    const said = this.lines.findLastIndex((line) => line.start <= at && at < line.end + 400);
    if (said === this.said) return;
    this.lines[this.said]?.button.removeAttribute("aria-current");
    this.said = said;
    const line = this.lines[said];
    if (!line) return;
    line.button.setAttribute("aria-current", "true");
    // Within its own box, and never away from what somebody is reading or looking for.
    if (!this.words.value && !this.list.contains(document.activeElement) && !this.list.matches(":hover")) {
      this.list.scrollTop = line.item.offsetTop - this.list.clientHeight / 3;
    }
  }
}

function paint(line, spans) {
  if (!spans.length) {
    line.words.textContent = line.plain;
    return;
  }
  const marks = spans.sort((a, b) => a[0] - b[0]);
  const parts = [];
  let at = 0;
  for (const [from, to] of marks) {
    if (from < at) continue;
    const mark = document.createElement("mark");
    mark.textContent = line.plain.slice(from, to);
    parts.push(line.plain.slice(at, from), mark);
    at = to;
  }
  line.words.replaceChildren(...parts, line.plain.slice(at));
}

export function open(box, cues) {
  let transcript = opened.get(box);
  if (!transcript) {
    transcript = new Transcript(box, cues);
    opened.set(box, transcript);
  }
  if (!transcript.url) transcript.load(transcript.language?.value ?? transcript.list.dataset.first);
}
