// The words of a video cost nothing until somebody opens them.
for (const box of document.querySelectorAll("[data-transcript]:not([data-ready])")) {
  box.dataset.ready = "1";
  box.addEventListener("toggle", () => {
    if (!box.open) return;
    Promise.all([box.dataset.module, box.dataset.cues].map((address) => import(address)))
      .then(([module, cues]) => module.open(box, cues))
      .catch(() => { box.querySelector("[data-note]").textContent = box.dataset.lost; });
  });
}
