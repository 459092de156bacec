// The address of a link to one's record: sent by the telephone's own menu, or copied. Without a script it is a link.
const address = document.querySelector("[data-address]").href;
const share = document.querySelector("[data-share]");
const copy = document.querySelector("[data-copy]");

if (navigator.share) {
  share.hidden = false;
  share.addEventListener("click", () => navigator.share({ url: address }).catch(() => {})); // the menu was closed
}
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address);
      copy.textContent = copy.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.querySelector("[data-address]")); // ready to be copied by hand
    }
  });
}
