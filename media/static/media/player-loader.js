// Picks what will be played and says what it costs, before a byte of film is asked for; the rest of the player comes
// with the first touch.
const recall = (name) => { try { return localStorage.getItem(`aula.${name}`); } catch { return null; } };
const remember = (name, value) => { try { localStorage.setItem(`aula.${name}`, value); } catch { /* private window */ } };

// 240p unless the line is known to be a good one.
const cap = () => {
  const line = navigator.connection;
  return line && !line.saveData && (line.type === "wifi" || line.type === "ethernet") ? 480 : 240;
};

// Of the two kinds of sound alone the lighter one that this browser plays.
const offered = (sources, video) => {
  const light = sources.find((one) => one.rung === "opus" && video.canPlayType(one.mime));
  const left = light ? "audio" : "opus";
  return sources.filter((one) => one.rung !== left);
};

const pick = (sources) => {
  const kept = recall("rung");
  const films = sources.filter((one) => Number.parseInt(one.rung, 10));
  const sound = sources.find((one) => one.rung === "opus" || one.rung === "audio");
  const still = sources.find((one) => one.rung === "slides");
  if (kept === "audio" && sound) return sound;
  if (kept === "slides" && (still || sound)) return still || sound;
  const most = Number.parseInt(kept, 10) || (kept ? 0 : cap());
  return films.filter((one) => Number.parseInt(one.rung, 10) <= most).pop() || films[0] || still || sound;
};

function prepare(player) {
  const video = player.querySelector("video");
  const find = (name) => player.querySelector(`[data-${name}]`);
  const [rungs, go] = [find("rungs"), find("go")];
  const choices = JSON.parse(player.querySelector("script").textContent);
  const set = { recall, remember };

  set.offer = (key) => {
    set.choice = choices.find((one) => one.key === key) || choices[0];
    set.sources = offered(set.choice.sources, video);
    set.source = pick(set.sources);
    rungs.replaceChildren(...set.sources.map((one) => new Option(one.words, one.rung, false, one === set.source)));
    set.cost();
  };
  set.cost = () => { find("cost").textContent = set.source.words; };
  set.offer(recall("track"));

  // Nothing was loaded yet; without an address nothing will be until somebody plays, and what comes then is ours to say.
  const at = Number(player.dataset.position) || 0;
  const { src } = video;
  video.removeAttribute("src");
  video.load();
  if (at) video.currentTime = at;
  video.controls = false;
  go.hidden = find("player-bar").hidden = false;

  let module;
  const load = () => {
    const { module: address, stream, remote } = player.dataset;
    module ??= import(address).then((found) => found.start(player, set, [stream, remote].map((one) => import(one))))
      .catch(() => { // the bare element, then; it waits for another word to play
        video.src = set.source?.url || src;
        if (!video.paused) video.play().catch(() => {});
      });
  };
  for (const event of ["pointerdown", "focusin", "play"]) player.addEventListener(event, load, { capture: true, once: true });
  video.addEventListener("play", () => {
    const had = go === document.activeElement;
    go.hidden = video.controls = true;
    if (had) video.focus({ preventScroll: true });
  });
  go.addEventListener("click", () => video.play().catch(() => {}));
}

for (const player of document.querySelectorAll("[data-player]:not([data-ready])")) {
  player.dataset.ready = "1";
  if (player.querySelector("video")) prepare(player);
}
