// The field in which tags are typed is made by Wagtail's widget and has no name of its own: it gets that of its label.
const named = () => {
  for (const field of document.querySelectorAll(".tagit-new input:not([aria-label])")) {
    const label = field.closest("[data-contentpath], .w-field__wrapper, .w-field")?.querySelector("label");
    field.setAttribute("aria-label", (label ?? document.querySelector("label[for=id_tags]"))?.textContent.trim() ?? "");
  }
};

named();
new MutationObserver(named).observe(document.body, { childList: true, subtree: true });
