// One MP4 in byte ranges into Media Source, never far ahead (decision 0020). What fails is left to `<video src>`.
const AHEAD = 30, TIGHT = 12, EASY = 20, LATE = 0.15;
const Media = self.MediaSource ?? self.ManagedMediaSource;
// Rungs of the same kinds of track share a buffer.
const kinds = (source) => source.mime.replace(/\.[^,"]*/g, "");

export const plays = (source) => Boolean(source.head && Media?.isTypeSupported(source.mime));

// The segment index (ISO/IEC 14496-12, 8.16.3): `start`, `end` in seconds, `first`, `last` in bytes.
export function readIndex(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at) => view.getUint32(at);
  let at = 0;
  while (word(at + 4) !== 0x73696478) at += word(at) || Infinity; // beyond the end it throws
  const wide = view.getUint8(at + 8) ? 4 : 0;
  const scale = word(at + 16);
  let time = word(at + 20 + wide);
  let byte = at + word(at) + word(at + 24 + 2 * wide);
  at += 28 + 2 * wide;
  const count = view.getUint16(at + 2);
  const parts = [];
  for (let entry = at + 4; entry < at + 4 + 12 * count; entry += 12) {
    const [size, length] = [word(entry), word(entry + 4)];
    parts.push({ start: time / scale, end: (time += length) / scale, first: byte, last: (byte += size) - 1, got: 0 });
  }
  return parts;
}

export class Stream {
  // `tell` hears {bytes}, {source} of a change by itself, {lost}, {found}, {broken}.
  constructor(video, tell) {
    Object.assign(this, { video, tell, done: new Set(), pace: 0, ended: new AbortController() });
  }

  // `put` gives the element its address.
  async open(source, ladder, put) {
    const head = await this.head(source, this.video.currentTime < 1);
    this.aim(source, ladder);
    this.use(source, head);
    this.media = new Media();
    this.video.disableRemotePlayback = Media !== self.MediaSource; // what ManagedMediaSource asks for
    const opened = new Promise((done) => this.media.addEventListener("sourceopen", done, { once: true }));
    put(this.url = URL.createObjectURL(this.media));
    await opened;
    this.media.duration = this.parts.at(-1).end;
    this.buffer = this.media.addSourceBuffer(source.mime);
    const on = (name, act) => this.video.addEventListener(name, act, { signal: this.ended.signal });
    for (const name of ["timeupdate", "ratechange", "play"]) on(name, () => this.wake?.());
    on("waiting", () => this.leap());
    on("seeking", () => this.seek());
    this.run(head).catch((error) => this.ended.signal.aborted || this.tell({ broken: error }));
  }

  close() {
    this.ended.abort();
    this.loading?.abort();
    this.wake?.();
    URL.revokeObjectURL(this.url);
  }

  takes(source) { return plays(source) && kinds(source) === kinds(this.source); }

  // More is seen at once; less from where what was paid for ends.
  choose(source, ladder) {
    this.again = source.bytes > this.source.bytes;
    this.aim(source, ladder);
    this.next = source;
    this.wake?.();
  }

  aim(source, ladder) {
    this.chosen = source;
    this.ladder = ladder.filter((one) => one.bytes <= source.bytes && plays(one) && kinds(one) === kinds(source));
  }

  use(source, head) {
    this.parts = readIndex(head.subarray(0, source.head[0]));
    this.source = source;
  }

  async fetch(source, first, last, signal = this.ended.signal) {
    const ask = (url) => fetch(url, { headers: { Range: `bytes=${first}-${last}` }, signal });
    let answer = await ask(source.led || source.url);
    if (source.led && answer.status === 403) answer = await ask(source.url); // where we were led to has ended
    if (answer.status >= 500) throw new TypeError(answer.status);
    const tag = answer.headers.get("ETag");
    if (answer.status !== 206 || (source.tag ??= tag) !== tag) throw new Error(answer.status); // gone, or another file
    if (answer.redirected) source.led = answer.url;
    return answer.body.getReader();
  }

  async head(source, more) {
    const bytes = new Uint8Array(source.head[more ? 1 : 0]);
    const reader = await this.fetch(source, 0, bytes.length - 1);
    for (let at = 0; ;) {
      const { done, value } = await reader.read();
      if (done) return bytes;
      bytes.set(value, at);
      at += value.length;
      this.tell({ bytes: value.length });
    }
  }

  async run(head) {
    await this.append(head);
    if (head.length > this.source.head[0]) this.done.add(this.parts[0]);
    for (let tries = 0; !this.ended.signal.aborted;) {
      try {
        if (this.next) await this.change();
        const part = this.wanted();
        if (part) await this.load(part);
        else await new Promise((done) => { this.wake = done; });
        if (tries) this.tell({ found: true });
        tries = 0;
      } catch (error) {
        if (error.name === "AbortError") this.part = null;
        else if (error instanceof TypeError) await this.rest(tries += 1);
        else throw error;
      }
    }
  }

  rest(tries) {
    if (tries > 1) this.tell({ lost: true });
    return new Promise((done) => {
      this.wake = null;
      setTimeout(done, Math.min(8000, 500 * 2 ** tries));
      addEventListener("online", done, { once: true });
    });
  }

  async change() {
    const source = this.next;
    const head = await this.head(source, false);
    this.use(source, head);
    if (this.again) await this.drop(this.parts.find((one) => one.start > this.video.currentTime + 2)?.start, Infinity);
    if (this.next === source) this.next = null;
    this.again = false;
    this.pace = 0;
    await this.clean();
    await this.append(head);
  }

  reach(at) {
    const { buffered } = this.buffer;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= at + LATE && at < buffered.end(i)) return buffered.end(i);
    }
    return at;
  }

  wanted() {
    const at = this.video.currentTime;
    const reach = this.reach(at);
    const part = this.parts.find((one) => one.end > reach + LATE && !this.done.has(one));
    if (part) return part.start - at < AHEAD && part;
    if (this.media.readyState === "open") this.media.endOfStream();
    return null;
  }

  async load(part) {
    this.loading = new AbortController();
    if (part !== this.part || !part.got) {
      part.got = 0;
      await this.clean();
    }
    this.part = part;
    const begun = performance.now();
    const reader = await this.fetch(this.source, part.first + part.got, part.last, this.loading.signal);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      this.tell({ bytes: value.length });
      this.half = true;
      await this.append(value);
      part.got += value.length;
    }
    this.half = false;
    this.done.add(part);
    this.part = null;
    this.leap();
    this.judge((part.end - part.start) / ((performance.now() - begun) / 1000) / this.video.playbackRate);
  }

  // `pace`: seconds of film that come while one is played.
  judge(pace) {
    this.pace = this.pace ? (this.pace + pace) / 2 : pace;
    const ahead = this.reach(this.video.currentTime) - this.video.currentTime;
    const place = this.ladder.indexOf(this.source);
    const [less, more] = [this.ladder[place - 1], this.ladder[place + 1]];
    if (this.next) return;
    if (less && this.pace < 1.1 && ahead < TIGHT) this.next = less;
    else if (more && ahead > EASY && (this.pace * this.source.bytes) / more.bytes > 1.5) this.next = more;
    if (this.next) this.tell({ source: this.next });
  }

  seek() {
    const at = this.video.currentTime;
    if (this.reach(at) === at && !(this.part?.start <= at && at < this.part?.end && this.part.got)) {
      this.done.clear();
      this.loading?.abort();
    }
    this.wake?.();
  }

  // Over a few hundredths that are missing.
  leap() {
    const { buffered, currentTime: at, readyState } = this.video;
    for (let i = 0; i < buffered.length && readyState < 3; i += 1) {
      const gap = buffered.start(i) - at;
      if (gap > 0 && gap < 0.6) this.video.currentTime = buffered.start(i) + 0.01;
    }
  }

  idle() {
    return this.buffer.updating && new Promise((done) => this.buffer.addEventListener("updateend", done, { once: true }));
  }

  // Forget half a fragment; after a whole one the browser would drop its last pictures (decision 0020).
  async clean() {
    await this.idle();
    if (this.half && this.media.readyState === "open") this.buffer.abort();
    this.half = false;
  }

  async drop(from, to) {
    this.done.clear();
    if (!(from < to)) return;
    await this.idle();
    this.buffer.remove(from, to);
    await this.idle();
  }

  async append(bytes) {
    await this.idle();
    try {
      this.buffer.appendBuffer(bytes);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await this.drop(0, this.video.currentTime - 10);
      this.buffer.appendBuffer(bytes);
    }
    await this.idle();
  }
}
