// The sample beside the form is drawn anew once the typing pauses. Without this file its button does the same.
const form = document.querySelector("[data-template]");
const frame = document.querySelector("[data-sample]");
const button = document.querySelector("[data-show]");
const isSeen = () => navigator.pdfViewerEnabled !== false && frame.offsetParent !== null;
if (form && frame && button) {
  let waiting = 0, held = null;
  const draw = () => {
    if (!isSeen()) return;
    held = document.activeElement;
    form.requestSubmit(button);
  };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 900); };
  // The switch of the long name stands outside the form, beside the sample.
  document.addEventListener("input", (event) => { if (event.target.form === form) later(); });
  form.addEventListener("submit", () => clearTimeout(waiting));
  frame.addEventListener("load", () => {
    if (held && document.activeElement === frame) held.focus();
    held = null;
  });
}
