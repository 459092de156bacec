// The editor of captions takes the form's place once all of it is there; until then the form works by itself.
const box = document.querySelector("[data-editor]");

if (box) {
  const { cues, wave, saving, module } = box.dataset;
  Promise.all([module, cues, wave, saving].map((address) => import(address)))
    .then(([editor, ...parts]) => editor.start(box, ...parts));
}
