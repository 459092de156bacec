// Finds boxes by words, without minding accents, and counts what is ticked. Without it the folds do.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function narrow(folds, words) {
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  for (const fold of folds) {
    let found = 0;
    for (const item of fold.querySelectorAll("li")) {
      const text = plain(`${fold.dataset.name} ${item.textContent}`);
      item.hidden = !wanted.every((word) => text.includes(word));
      found += item.hidden ? 0 : 1;
    }
    fold.hidden = found === 0;
    fold.open = wanted.length ? found > 0 : fold.querySelector(":checked") !== null;
  }
}

function count(fold) {
  const shown = fold.querySelector("summary span");
  shown.textContent = shown.textContent.replace(/\d+/, fold.querySelectorAll(":checked").length);
}

for (const checks of document.querySelectorAll("[data-checks]")) {
  const folds = [...checks.querySelectorAll("details")];
  const search = checks.querySelector("[data-checks-search]");
  search.closest("[hidden]").hidden = false;
  search.addEventListener("input", () => narrow(folds, search.value));
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  checks.addEventListener("change", (event) => { if (event.target.type === "checkbox") count(event.target.closest("details")); });
}
