// A file goes up in pieces while its title is being written; dropped, it goes on where it stopped.
const form = document.querySelector("[data-upload]");
const CHUNK = 2 * 1024 * 1024;

function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < 3) { count /= 1000; unit += 1; }
  return `${unit < 2 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

function left(seconds, text) {
  if (!Number.isFinite(seconds)) return "…";
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return text.seconds.replace("{n}", Math.max(1, Math.round(seconds)));
  return minutes < 60 ? text.minutes.replace("{n}", minutes) : text.hours.replace("{n}", (minutes / 60).toFixed(1));
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

function begin() {
  const text = form.dataset;
  const file = form.querySelector("input[type=file]");
  const title = form.querySelector("[name=title]");
  const id = form.querySelector("[name=upload]");
  const box = form.querySelector("[data-upload-box]");
  const bar = box.querySelector("progress");
  const words = box.querySelector("[data-upload-words]");
  const pause = box.querySelector("[data-upload-pause]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  let upload = null, isWaiting = false, samples = [], isPaused = false;

  const say = (message, isBad = false) => {
    box.hidden = false;
    words.textContent = message;
    words.classList.toggle("error-message", isBad);
  };

  const show = (sent, total) => {
    const now = performance.now();
    samples = [...samples.filter((sample) => now - sample[0] < 15000), [now, sent]];
    const [since, base] = samples[0];
    const speed = now > since ? (sent - base) / ((now - since) / 1000) : 0;
    bar.max = total;
    bar.value = sent;
    say(fill(text.moving, {
      percent: Math.floor((100 * sent) / total), done: bytes(sent), total: bytes(total), speed: bytes(speed),
      left: left((total - sent) / speed, { seconds: text.seconds, minutes: text.minutes, hours: text.hours }),
    }));
  };

  const done = () => {
    id.value = upload.url.replace(/\/$/, "").split("/").pop();
    file.value = "";
    pause.hidden = true;
    bar.value = bar.max;
    say(text.done);
    upload = null;
    if (isWaiting) form.requestSubmit();
  };

  const find = async (fingerprint) => {
    try {
      const answer = await fetch(`${text.endpoint}?huella=${encodeURIComponent(fingerprint)}`);
      return (await answer.json()).uploads[0];
    } catch { return undefined; }
  };

  const send = async (chosen) => {
    const fingerprint = `${chosen.name}|${chosen.size}|${chosen.lastModified}`.slice(-200);
    const before = await find(fingerprint);
    samples = [];
    upload = new window.tus.Upload(chosen, {
      endpoint: text.endpoint,
      uploadUrl: before && before.size === chosen.size ? before.url : null,
      chunkSize: CHUNK,
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000, 60000],
      headers: { "X-CSRFToken": token },
      metadata: { filename: chosen.name, fingerprint },
      storeFingerprintForResuming: false,
      onProgress: show,
      onSuccess: done,
      onError: (error) => {
        const answer = error.originalResponse && error.originalResponse.getBody();
        say(answer && answer.length < 300 ? answer : text.dropped, true);
        isPaused = true;
        pause.textContent = text.resume;
      },
    });
    pause.hidden = false;
    isPaused = false;
    pause.textContent = text.pause;
    say(before ? text.again : text.starting);
    upload.start();
  };

  file.addEventListener("change", () => {
    const chosen = file.files[0];
    if (upload) upload.abort();
    upload = null;
    id.value = "";
    if (!chosen) return;
    if (chosen.size > Number(text.max)) { say(text.big, true); return; }
    if (!title.value) title.value = chosen.name.replace(/\.[^.]*$/, "").replace(/[_-]+/g, " ");
    send(chosen);
  });

  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? text.resume : text.pause;
    if (isPaused) upload.abort(); else { samples = []; upload.start(); }
  });

  form.addEventListener("submit", (event) => {
    if (!upload) return;
    event.preventDefault();
    isWaiting = true;
    if (isPaused) pause.click();
    box.querySelector("[data-upload-then]").hidden = false;
  });
  window.addEventListener("beforeunload", (event) => { if (upload && !isPaused) event.preventDefault(); });
}

if (form && window.tus && window.tus.isSupported) begin();
