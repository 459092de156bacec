// One file on its way: known again by its own bytes on any computer, it goes on where it stopped.
const BLOCK = 64 * 1024;
const PARTS = 8;
const MEGABYTE = 1024 * 1024;
const RETRIES = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000, 60000];

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < 3) { count /= 1000; unit += 1; }
  return `${unit < 2 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

function left(seconds, text) {
  if (!Number.isFinite(seconds)) return "…";
  if (seconds < 60) return fill(text.seconds, { n: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? fill(text.minutes, { n: minutes }) : fill(text.hours, { n: (minutes / 60).toFixed(1) });
}

// A page that came without TLS has no WebCrypto.
let digester;
function sha256(buffer, text) {
  digester ??= window.crypto?.subtle
    ? Promise.resolve(async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data)))
    : import(text.digest).then((module) => module.sha256);
  return digester.then((digest) => digest(buffer));
}

const hex = (array) => [...array].map((one) => one.toString(16).padStart(2, "0")).join("");
const block = (file, start, length) => file.slice(start, start + length).arrayBuffer();

// The size and blocks from beginning to end: the same on every computer, whatever the file is called there.
async function fingerprint(file, text) {
  const last = Math.max(0, file.size - BLOCK);
  const digests = [];
  for (const start of new Set(Array.from({ length: PARTS + 1 }, (_one, part) => Math.floor((last * part) / PARTS)))) {
    digests.push(...await sha256(await block(file, start, BLOCK), text));
  }
  return `b1:${file.size}:${hex(await sha256(new Uint8Array(digests).buffer, text))}`;
}

// What lies on the server is compared block by block: another file never goes on where this one stopped.
async function isSame(file, samples, text) {
  for (const [start, length, digest] of samples) {
    if (hex(await sha256(await block(file, start, length), text)) !== digest) return false;
  }
  return true;
}

async function find(file, print, text) {
  try {
    const answer = await fetch(`${text.endpoint}?huella=${encodeURIComponent(print)}`);
    for (const found of (await answer.json()).uploads) {
      if (found.size === file.size && await isSame(file, found.samples, text)) return found;
    }
  } catch { /* no line: tus will say so */ }
  return undefined;
}

// Sends a file; `tell` hears {kind: starting | again | moving | dropped | done, words, sent, total, url}.
export class Sending {
  constructor(file, { text, token, tell }) {
    Object.assign(this, { file, text, token, tell, isPaused: false, isDone: false, isOver: false, samples: [] });
  }

  async start() {
    const print = await fingerprint(this.file, this.text);
    const before = await find(this.file, print, this.text);
    if (this.isOver) return;
    if (before?.is_complete) { this.finish(before.url); return; }
    this.upload = new window.tus.Upload(this.file, {
      endpoint: this.text.endpoint,
      uploadUrl: before ? before.url : null,
      chunkSize: 2 * MEGABYTE,
      retryDelays: RETRIES,
      headers: { "X-CSRFToken": this.token },
      metadata: { filename: this.file.name, fingerprint: print },
      storeFingerprintForResuming: false,
      onProgress: (sent, total) => this.show(sent, total),
      onChunkComplete: (size) => this.pace(size),
      onSuccess: () => this.finish(this.upload.url),
      onError: (error) => this.drop(error),
    });
    this.tell({ kind: before ? "again" : "starting", words: before ? this.text.again : this.text.starting });
    if (!this.isPaused) this.go();
  }

  go() {
    this.samples = [];
    this.chunkAt = performance.now();
    this.upload.start();
  }

  // Pieces of about four seconds: little is lost on a weak line, little is asked on a strong one.
  pace(size) {
    const now = performance.now();
    const speed = size / Math.max(0.001, (now - this.chunkAt) / 1000);
    this.chunkAt = now;
    this.upload.options.chunkSize = Math.round(Math.min(4 * MEGABYTE, Math.max(MEGABYTE, speed * 4)));
  }

  show(sent, total) {
    const now = performance.now();
    this.samples = [...this.samples.filter((sample) => now - sample[0] < 15000), [now, sent]];
    const [since, base] = this.samples[0];
    const speed = now > since ? (sent - base) / ((now - since) / 1000) : 0;
    const words = fill(this.text.moving, {
      percent: Math.floor((100 * sent) / total), done: bytes(sent), total: bytes(total), speed: speed ? bytes(speed) : "…",
      left: left((total - sent) / speed, this.text),
    });
    this.tell({ kind: "moving", words, sent, total });
  }

  finish(url) {
    this.isDone = true;
    this.url = url;
    this.tell({ kind: "done", words: this.text.done, url });
  }

  drop(error) {
    const answer = error.originalResponse && error.originalResponse.getBody();
    this.isPaused = true;
    this.tell({ kind: "dropped", words: answer && answer.length < 300 ? answer : this.text.dropped });
  }

  pause() {
    this.isPaused = true;
    this.upload?.abort();
  }

  resume() {
    this.isPaused = false;
    if (this.upload) this.go();
  }

  // The server let it go by itself.
  forget() {
    this.upload = this.url = undefined;
  }

  // Away with it, here and on the server.
  async cancel() {
    this.isOver = true;
    await this.upload?.abort();
    const url = this.url || this.upload?.url;
    const headers = { "X-CSRFToken": this.token, "Tus-Resumable": "1.0.0" };
    if (url) await fetch(url, { method: "DELETE", headers, keepalive: true }).catch(() => undefined);
  }

  get id() {
    return this.url.replace(/\/$/, "").split("/").pop();
  }
}
