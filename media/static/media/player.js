// Another rendition without losing one's place, other speeds, and plain words when the line fails.
const RATE = "aula.rate";

const keep = (rate) => { try { localStorage.setItem(RATE, rate); } catch { /* private window */ } };
const kept = () => { try { return localStorage.getItem(RATE); } catch { return null; } };

function swap(video, url) {
  const { currentTime, paused, playbackRate } = video;
  const place = () => {
    if (currentTime > 0) video.currentTime = currentTime;
    video.playbackRate = playbackRate;
    if (!paused) video.play().catch(() => {});
  };
  if (video.readyState === 0 && paused) { // nothing was loaded: load nothing now either
    video.src = url + (video.src.split("#")[1] ? `#${video.src.split("#")[1]}` : "");
    return;
  }
  video.addEventListener("loadedmetadata", place, { once: true });
  video.src = url;
  video.load();
}

export function start(player, remember) {
  const video = player.querySelector("video");
  const rungs = player.querySelector("[data-rungs]");
  const speeds = player.querySelector("[data-speeds]");
  const note = player.querySelector("[data-player-note]");

  rungs.addEventListener("change", () => {
    const option = rungs.selectedOptions[0];
    remember(option.dataset.rung);
    swap(video, option.value);
  });
  const speed = (rate) => {
    video.defaultPlaybackRate = rate;
    video.playbackRate = rate;
    speeds.value = String(rate);
  };
  speeds.addEventListener("change", () => {
    speed(Number(speeds.value));
    keep(speeds.value);
  });
  const before = kept();
  if (before && [...speeds.options].some((option) => option.value === before)) speed(Number(before));
  video.addEventListener("error", () => { note.textContent = player.dataset.lost; });
  video.addEventListener("playing", () => { note.textContent = ""; });
}
