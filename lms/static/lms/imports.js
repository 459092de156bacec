// Shows how far a list is. Without it, a link on the page does the same.
const PAUSE = 2000;
const shown = document.querySelector("[data-import]");

async function look() {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-import]");
    if (!fresh) return;
    if (fresh.dataset.import !== "work") {
      location.reload();
      return;
    }
    const [bar, now] = [shown.querySelector("progress"), fresh.querySelector("progress")];
    bar.value = now.value;
    bar.nextElementSibling.textContent = now.nextElementSibling.textContent;
  } catch {
    // The line is down; it is asked again.
  }
  setTimeout(look, PAUSE);
}

if (shown?.dataset.import === "work") setTimeout(look, PAUSE);
