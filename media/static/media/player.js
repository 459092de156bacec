// What comes with the first touch: opens the film, changes what is seen and heard without losing the place, keeps count
// of the megabytes, shows the options. Streams by player-stream.js where it can, else by the bare element.
class Player {
  constructor(root, set, modules) {
    this.root = root;
    this.set = set;
    this.video = root.querySelector("video");
    this.bytes = this.before = this.turn = 0;
    this.streaming = modules[0].catch(() => null);
    modules[1].then((remote) => remote.start(this)).catch(() => {});
    this.bind();
    this.speed(Number(set.recall("rate")) || this.video.playbackRate);
    this.captions(set.recall("captions") || "");
    root.dataset.letters = set.recall("letters") || "";
    if (this.find("rungs").value !== set.source.rung) this.choose(this.find("rungs").value); // chosen while we came
    this.going = !this.video.paused;
    if (this.going) this.open();
  }

  find(name) { return this.root.querySelector(`[data-${name}]`); }

  bind() {
    const { video } = this;
    this.find("rungs").addEventListener("change", (event) => this.choose(event.target.value));
    this.find("speeds").addEventListener("change", (event) => {
      this.speed(Number(event.target.value));
      this.set.remember("rate", event.target.value);
    });
    this.find("more").addEventListener("click", () => this.options());
    video.addEventListener("play", () => {
      this.going = true;
      this.open();
      this.renew();
    });
    video.addEventListener("seeking", () => this.renew());
    video.addEventListener("pause", () => { this.going &&= Boolean(video.error); }); // what breaks pauses by itself
    video.addEventListener("error", () => video.getAttribute("src") && this.fault());
    video.addEventListener("playing", () => this.say(this.lower || ""));
    video.addEventListener("progress", () => this.tally());
    video.addEventListener("ratechange", () => {
      this.rate = video.defaultPlaybackRate = video.playbackRate; // by the element's own menu, too
      this.find("speeds").value = String(this.rate);
    });
  }

  say(text) { this.find("note").textContent = text; }

  word(name, fields = {}) {
    return Object.entries(fields).reduce((text, [key, value]) => text.replace(`{${key}}`, value), this.root.dataset[name]);
  }

  // Films up to the chosen one, the smallest first: what the line may take it down to.
  get ladder() {
    const { source, sources } = this.set;
    return Number.parseInt(source.rung, 10) ? sources.filter((one) => Number.parseInt(one.rung, 10)) : [source];
  }

  open() {
    if (!this.opened) this.load();
    this.opened = true;
  }

  async load() {
    const turn = (this.turn += 1);
    const { source } = this.set;
    this.shut();
    const found = await this.streaming;
    if (turn !== this.turn) return;
    const stream = found?.plays(source) && new found.Stream(this.video, (news) => turn === this.turn && this.hear(news));
    if (stream) {
      this.stream = stream;
      try {
        await stream.open(source, this.ladder, (url) => turn === this.turn && this.put(url));
        return;
      } catch { /* the bare element, then */ }
      stream.close();
      if (turn !== this.turn) return;
      this.stream = null;
    }
    this.bare();
  }

  bare() {
    this.native = this.set.source;
    this.until = Date.now() + 1000 * (this.root.dataset.lasts || Infinity);
    this.put(this.native.url);
  }

  // The element keeps to where it was led. That ends, for instance overnight, and then it would try for half a minute.
  renew() {
    if (!this.native || Date.now() < this.until) return;
    this.shut();
    this.bare();
  }

  // In one go, and as it stands at that moment: while a film was on its way somebody may have sought, paused, played.
  put(url) {
    const { video } = this;
    const { currentTime } = video;
    const going = !video.paused || (video.error && this.going);
    video.src = url;
    if (currentTime) video.currentTime = currentTime;
    this.root.toggleAttribute("data-sound", !this.set.source.height);
    this.speed(this.rate);
    if (going) video.play().catch(() => {});
  }

  shut() {
    this.stream?.close();
    this.stream = null;
    this.tally();
    this.before = this.bytes;
    this.native = null;
  }

  hear({ bytes, source, lost, found, broken }) {
    if (bytes) this.count(this.bytes + bytes);
    if (source) {
      this.lower = source === this.set.source ? "" : this.word("lower", { rung: source.words.split(" · ")[0] });
      this.say(this.lower);
    }
    if (lost) this.say(this.word("waiting"));
    if (found) this.say(this.lower || "");
    if (broken) this.fault();
  }

  // What the module cannot do, the element may; where that breaks it may be that it was led to what ended: once more.
  fault() {
    const at = this.video.currentTime;
    if (!this.stream && this.broke === at) return this.say(this.word("lost"));
    this.broke = at;
    this.video.preload = "metadata"; // paused, too, it shows where it stands
    this.turn += 1;
    this.shut();
    this.bare();
  }

  choose(rung) {
    const { set, stream } = this;
    set.source = set.sources.find((one) => one.rung === rung) || set.source;
    set.remember("rung", rung === "opus" ? "audio" : rung);
    set.cost();
    this.lower = "";
    this.say("");
    if (!this.opened) return;
    if (stream?.buffer && stream.takes(set.source)) stream.choose(set.source, this.ladder);
    else this.load();
  }

  // Another language, a spoken description, a signer: the same timeline, the same progress.
  track(key) {
    const { set } = this;
    set.remember("track", key);
    set.offer(key);
    if (this.opened) this.load();
  }

  speed(rate) {
    this.rate = rate;
    this.video.defaultPlaybackRate = this.video.playbackRate = rate;
  }

  captions(language) {
    for (const track of this.video.textTracks) track.mode = track.language === language ? "showing" : "disabled";
  }

  // Of a bare film what lies in the browser is what was fetched.
  tally() {
    const { buffered, duration } = this.video;
    if (!this.native || !(duration > 0)) return;
    let seconds = 0;
    for (let i = 0; i < buffered.length; i += 1) seconds += buffered.end(i) - buffered.start(i);
    this.count(Math.max(this.bytes, this.before + Math.round((this.native.bytes * seconds) / duration)));
  }

  count(bytes) {
    this.bytes = bytes;
    const text = this.word("used", { n: (bytes / 1e6).toFixed(1) });
    if (this.find("count").textContent !== text) this.find("count").textContent = text;
  }

  async options() {
    const [more, panel] = [this.find("more"), this.find("panel")];
    const open = panel.hidden;
    if (open && !panel.firstChild) {
      try {
        const answer = await fetch(`${more.dataset.more}?parte=1`);
        if (!answer.ok) throw new Error(answer.status);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        panel.replaceChildren(...page.head.childNodes, ...page.body.childNodes);
        this.fill();
      } catch {
        this.say(this.word("unopened"));
        return;
      }
    }
    panel.hidden = !open;
    more.setAttribute("aria-expanded", String(open));
  }

  // The fields of the options say what is so, and change it.
  fill() {
    const { set, video, root } = this;
    this.find("fields").hidden = false;
    const field = (name, value, act) => {
      const found = this.find(name);
      if (!found) return;
      found.value = value;
      found.addEventListener("change", () => act(found.value));
    };
    const shown = () => [...video.textTracks].find((track) => track.mode === "showing")?.language || "";
    field("tracks", set.choice.key, (key) => this.track(key));
    field("captions", shown(), (language) => {
      this.captions(language);
      set.remember("captions", language);
    });
    video.textTracks.addEventListener("change", () => {
      if (this.find("captions")) this.find("captions").value = shown();
    });
    field("letters", root.dataset.letters, (size) => {
      root.dataset.letters = size;
      set.remember("letters", size);
    });
    this.find("float").hidden = !document.pictureInPictureEnabled;
    this.find("float").addEventListener("click", () => this.float());
  }

  float() {
    const leave = document.pictureInPictureElement;
    (leave ? document.exitPictureInPicture() : this.video.requestPictureInPicture?.())?.catch(() => {});
  }
}

export const start = (root, set, modules) => new Player(root, set, modules);
