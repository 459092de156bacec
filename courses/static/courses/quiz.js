// Saves an answer as soon as it is chosen. Without this, the buttons save it.
const form = document.querySelector("[data-autosave]");
const state = form?.querySelector("[data-autosave-state]");
let saving = false;
let changed = false;

async function send() {
  try {
    // Only 204 says that it was kept; a redirect leads to signing in, or to an attempt that is closed.
    const headers = { "X-Requested-With": "fetch" };
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers, redirect: "manual" });
    return answer.status === 204;
  } catch {
    return false;
  }
}

// One after another, so that an older choice never arrives after a newer one.
async function save() {
  changed = true;
  if (saving) return;
  saving = true;
  let kept = false;
  while (changed) {
    changed = false;
    kept = await send();
  }
  saving = false;
  state.textContent = kept ? form.dataset.saved : form.dataset.unsaved;
  state.classList.toggle("wait", !kept);
}

form?.addEventListener("change", save);
