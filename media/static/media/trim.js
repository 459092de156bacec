// The ends of a trim, taken from the film and looked at in it.
const box = document.querySelector("[data-trim]");
const film = box?.querySelector("video");
const LOOK = 4; // seconds

function moment(text) {
  const parts = text.trim().replace(",", ".").split(":").map(Number);
  return parts.some(Number.isNaN) || !text.trim() ? NaN : parts.reduce((sum, part) => 60 * sum + part, 0);
}

function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const rest = (tenths % 600) / 10;
  return `${Math.floor(tenths / 600)}:${rest < 10 ? "0" : ""}${Number.isInteger(rest) ? rest : rest.toFixed(1)}`;
}

if (film) {
  const inputs = { start: box.querySelector("[name$=start]"), end: box.querySelector("[name$=end]") };
  let until = Infinity;
  for (const tools of box.querySelectorAll("[data-trim-tools]")) tools.hidden = false;
  box.addEventListener("click", (event) => {
    const { take, show } = event.target.dataset;
    if (take) inputs[take].value = clock(film.currentTime);
    if (!show) return;
    const at = moment(inputs[show].value);
    const end = Number.isNaN(at) ? Number(box.dataset.end) : at;
    film.currentTime = show === "start" ? (Number.isNaN(at) ? 0 : at) : Math.max(0, end - LOOK);
    until = show === "start" ? Infinity : end;
    film.play().catch(() => { /* it shows where it would begin or end all the same */ });
  });
  film.addEventListener("timeupdate", () => {
    if (film.currentTime < until) return;
    film.pause();
    film.currentTime = until;
    until = Infinity;
  });
  film.addEventListener("seeking", () => { if (film.currentTime > until) until = Infinity; });
}
