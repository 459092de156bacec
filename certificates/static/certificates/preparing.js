// Looks now and then whether a certificate is ready, and brings the page up to date when it is.
const waits = [4, 6, 10, 15, 30, 60, 60, 60, 120];

async function look() {
  const here = document.querySelector("[data-preparing]");
  const before = Number(here.dataset.preparing);
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) return before;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const there = fresh.querySelector("[data-preparing]");
  const left = there ? Number(there.dataset.preparing) : before;
  if (left < before) {
    const words = here.dataset.ready;
    document.querySelector("main").replaceChildren(...fresh.querySelector("main").children);
    const told = document.createElement("p");
    told.className = "notice ok";
    told.setAttribute("role", "status");
    document.querySelector("h1").after(told);
    told.textContent = words;
  }
  return left;
}

for (const seconds of waits) {
  await new Promise((wake) => setTimeout(wake, seconds * 1000));
  try {
    if (!document.hidden && (await look()) === 0) break;
  } catch {
    // Without a line there is nothing to tell; the next look may have one.
  }
}
