// Records what is really played, as events for the outbox (outbox.js). A closed stretch never changes.
const { keep, flush, clock, exact, sequence } = window.outbox;
const say = document.querySelector("[data-sync]").dataset;
const LONGEST = 15;

function watch(root) {
  const video = root.querySelector("video, audio");
  const { token, activity, video: film, cut } = root.dataset;
  const find = (name) => root.querySelector(`[data-${name}]`);
  let open, last, moved;
  const here = () => ({ at: video.currentTime, clock: clock() });

  function begin(from = here()) {
    if (open || video.paused || video.seeking || video.ended) return;
    // Sound has no picture to be seen.
    open = { ...from, rate: video.playbackRate, visible: !document.hidden, audio: !video.videoWidth };
    last = from;
  }

  function close() {
    const from = open;
    open = null;
    if (!from || last.at - from.at < 0.25) return;
    moved = false;
    keep({
      kind: "watched", token, sequence: sequence(), from: exact(from.at), to: exact(last.at),
      clock_from: exact(from.clock), clock: exact(last.clock),
      rate: from.rate, visible: from.visible, audio: from.audio, offline: !navigator.onLine,
    });
  }

  function tick() {
    if (!open) return begin();
    const now = here();
    const leap = now.at - last.at;
    if (video.seeking || leap < 0 || leap > (now.clock - last.clock) * open.rate * 1.5 + 1) return close();
    last = now;
    if (now.clock - open.clock >= LONGEST) {
      close();
      begin(now);
      flush();
    }
  }

  const stop = () => (tick(), close());
  const turn = () => (stop(), begin());
  const on = (name, act) => video.addEventListener(name, act);
  on("playing", () => begin());
  on("timeupdate", tick);
  for (const name of ["pause", "waiting", "ended", "emptied"]) on(name, stop);
  on("seeking", close);
  on("seeked", () => (moved = true));
  on("ratechange", turn);
  document.addEventListener("visibilitychange", turn);
  // A place where nothing was played since; a stretch says its own.
  addEventListener("pagehide", () => moved && keep({ kind: "position", token, second: exact(video.currentTime) }));

  const tell = (why) => why && (find("reason").textContent = why);
  addEventListener("aula:told", ({ detail }) => {
    const standing = detail.activities.find((one) => one.activity === activity && one.video === film);
    if (standing) paint(standing);
    tell(detail.told.find((one) => !one.counts && one.event.token === token)?.message);
  });

  function paint(standing) {
    if (standing.cut != cut) return tell(say.recut); // other seconds
    const bar = find("bar");
    bar.replaceChildren(...standing.runs.map(([first, after]) => {
      const rect = document.createElementNS(bar.namespaceURI, "rect");
      for (const pair of Object.entries({ x: first, width: after - first, height: 10 })) rect.setAttribute(...pair);
      return rect;
    }));
    bar.setAttribute("aria-label", say.seen.replace("{n}", standing.percent));
    const words = find("words");
    words.textContent = standing.is_done ? say.done : standing.words;
    words.className = "state " + (standing.is_done ? "ok" : "wait");
  }
  begin();
}

document.querySelectorAll("[data-watch]").forEach(watch);
