// Picks the rendition before a byte of film is asked for; the rest of the player comes with the first touch.
const KEY = "aula.rung";

export const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
export const remember = (rung) => { try { localStorage.setItem(KEY, rung); } catch { /* private window */ } };

// 240p unless the line is known to be a good one.
const cap = () => {
  const line = navigator.connection;
  return line && !line.saveData && (line.type === "wifi" || line.type === "ethernet") ? 480 : 240;
};

const wanted = (options) => {
  const kept = remembered();
  const height = (option) => Number.parseInt(option.dataset.rung, 10) || 0;
  const most = kept ? Number.parseInt(kept, 10) || 0 : cap();
  if (kept === "audio") return options.find((option) => option.dataset.rung === "audio");
  const films = options.filter((option) => height(option) > 0).sort((a, b) => height(a) - height(b));
  return films.filter((option) => height(option) <= most).pop() || films[0];
};

for (const player of document.querySelectorAll("[data-player]")) {
  const video = player.querySelector("video");
  const rungs = player.querySelector("[data-rungs]");
  if (!video || !rungs || player.dataset.ready) continue;
  player.dataset.ready = "1";
  player.querySelector("[data-player-bar]").hidden = false;
  const choice = wanted([...rungs.options]);
  const at = Number(player.dataset.position) || 0;
  if (choice && !choice.selected) {
    choice.selected = true;
    video.src = choice.value + (at ? `#t=${at}` : "");
  }
  let asked = false;
  const load = () => {
    if (asked) return;
    asked = true;
    import(player.dataset.module).then((module) => module.start(player, remember)).catch(() => { asked = false; });
  };
  for (const event of ["pointerdown", "focusin", "play"]) player.addEventListener(event, load, { capture: true });
}
