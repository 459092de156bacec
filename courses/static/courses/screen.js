// The code of attendance, made here every twenty seconds; needs the line for nothing once the page is open.
const root = document.querySelector("[data-screen]");
const { key, now, seconds, address, qr } = root.dataset;
const canvas = root.querySelector("canvas"), bar = root.querySelector("progress");
const began = Date.now(), length = Number(seconds);
const ahead = Number(now) - began; // the server's clock, not this device's
let secret, generate, shown;

async function draw(step) {
  const said = new Uint8Array(await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(String(step))));
  const mac = btoa(String.fromCharCode(...said.subarray(0, 12))).replaceAll("+", "-").replaceAll("/", "_");
  generate(`${address}${step}/${mac}/`).toCanvas(canvas);
  canvas.dataset.step = step;
}

async function tick() {
  const at = (Date.now() + ahead) / 1000, step = Math.floor(at / length);
  bar.value = length - (at % length);
  if (step === shown) return;
  shown = step;
  await draw(step);
}

if (globalThis.crypto?.subtle) {
  ({ generate } = await import(qr));
  const bytes = Uint8Array.from(key.match(/../g), (pair) => parseInt(pair, 16));
  secret = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  await tick();
  root.querySelector("img").hidden = true;
  canvas.hidden = bar.hidden = false;
  setInterval(tick, 1000);
} else {
  // A page without HTTPS has no such arithmetic: as without a script, it is opened anew.
  setTimeout(() => location.reload(), 15_000);
}
