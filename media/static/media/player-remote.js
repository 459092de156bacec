// The player from afar: keys while something in it has the focus, and the controls of a locked screen.
const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];
const NATIVE = new Set([" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

const seek = (video, at) => { video.currentTime = Math.max(0, Math.min(at, video.duration || at)); };
const toggle = (video) => (video.paused ? video.play().catch(() => {}) : video.pause());
const louder = (video, by) => {
  video.muted = false;
  video.volume = Math.max(0, Math.min(1, Math.round((video.volume + by) * 100) / 100));
};

function full(video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (video.requestFullscreen) video.requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.();
}

// On and off; on is the language of last time, or the first.
function captions(player) {
  const tracks = [...player.video.textTracks];
  const shown = tracks.find((track) => track.mode === "showing");
  const last = tracks.find((track) => track.language === player.set.recall("words")) || tracks[0];
  if (shown) player.set.remember("words", shown.language);
  const language = shown ? "" : last?.language || "";
  player.captions(language);
  player.set.remember("captions", language);
}

function faster(player, step) {
  const now = SPEEDS.findIndex((rate) => rate >= player.video.playbackRate);
  const rate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (now < 0 ? SPEEDS.length : now) + step))];
  player.speed(rate);
  player.set.remember("rate", String(rate));
}

const KEYS = {
  " ": ({ video }) => toggle(video),
  k: ({ video }) => toggle(video),
  ArrowLeft: ({ video }) => seek(video, video.currentTime - 5),
  ArrowRight: ({ video }) => seek(video, video.currentTime + 5),
  j: ({ video }) => seek(video, video.currentTime - 10),
  l: ({ video }) => seek(video, video.currentTime + 10),
  ArrowUp: ({ video }) => louder(video, 0.1),
  ArrowDown: ({ video }) => louder(video, -0.1),
  m: ({ video }) => { video.muted = !video.muted; },
  c: captions,
  f: ({ video }) => full(video),
  p: (player) => player.float(),
  "<": (player) => faster(player, -1),
  ">": (player) => faster(player, 1),
};

// What the element under the keys needs for itself: all of it in a field, some of it on buttons, links and the film's
// own controls (when one of those has the focus, the film itself has not).
function isTaken(event, video) {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return true;
  if (target.closest("input, select, textarea, [contenteditable]")) return true;
  if (target === video) return key === " " || (NATIVE.has(key) && !video.matches(":focus")); // it pauses by itself
  return NATIVE.has(key) && (key === " " || key === "Enter" || key === "ArrowUp" || key === "ArrowDown")
    && Boolean(target.closest("button, a, summary, [role]"));
}

function press(player, event) {
  const { video } = player;
  if (isTaken(event, video)) return;
  const digit = /^[0-9]$/.test(event.key) ? Number(event.key) : null;
  const act = KEYS[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  if (digit !== null && video.duration > 0) seek(video, (video.duration * digit) / 10);
  else if (act) act(player);
  else return;
  event.preventDefault();
}

function lockScreen({ video }) {
  const { mediaSession: session } = navigator;
  if (!session) return;
  const on = (name, act) => { try { session.setActionHandler(name, act); } catch { /* not on this browser */ } };
  const place = () => {
    const { duration, currentTime, playbackRate } = video;
    if (!(duration > 0 && Number.isFinite(duration))) return;
    session.setPositionState?.({ duration, playbackRate, position: Math.min(currentTime, duration) });
  };
  const take = () => {
    const artwork = video.poster ? [{ src: video.poster, type: "image/jpeg" }] : [];
    session.metadata = new MediaMetadata({ title: video.getAttribute("aria-label"), album: document.title, artwork });
    on("play", () => video.play());
    on("pause", () => video.pause());
    on("seekbackward", ({ seekOffset }) => seek(video, video.currentTime - (seekOffset || 10)));
    on("seekforward", ({ seekOffset }) => seek(video, video.currentTime + (seekOffset || 10)));
    on("seekto", ({ seekTime }) => seek(video, seekTime));
    place();
  };
  video.addEventListener("playing", take); // of several on a page, the one that plays
  for (const name of ["seeked", "ratechange", "durationchange"]) video.addEventListener(name, place);
  if (!video.paused) take();
}

export function start(player) {
  player.root.addEventListener("keydown", (event) => press(player, event));
  lockScreen(player);
}
