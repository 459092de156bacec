// Every three seconds the bars of the board move, as long as something waits or runs and somebody looks.
const board = document.querySelector("[data-jobs]");
const cells = (within) => [...within.querySelectorAll("[data-job]")];

async function look() {
  const moving = cells(board).some((cell) => ["waiting", "running"].includes(cell.dataset.state));
  if (document.hidden || !moving) return;
  try {
    const answer = await fetch(board.dataset.jobs.split("?")[0] + location.search);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const byKey = new Map(cells(fresh).map((cell) => [cell.dataset.job, cell]));
    for (const cell of cells(board)) {
      const now = byKey.get(cell.dataset.job);
      if (!now) continue;
      // A row that changed its state has other words and buttons, so the whole of it is drawn anew; never under a focus.
      const row = cell.closest("tr");
      if (now.dataset.state === cell.dataset.state) cell.replaceWith(now);
      else if (!row.contains(document.activeElement)) row.replaceWith(now.closest("tr"));
    }
  } catch { /* the line dropped: the next look may find it */ }
}

if (board) setInterval(look, 3000);
