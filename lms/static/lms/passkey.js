// Passkeys: asks the device to make one (data-passkey="create") or to sign with one ("get"), and sends the form with its
// answer. Options stand in the page, or are fetched when the button is pressed (data-options), for they live shortly.
const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function decoded({ publicKey }) {
  const list = (all) => all?.map((one) => ({ ...one, id: fromText(one.id) }));
  const asked = { ...publicKey, challenge: fromText(publicKey.challenge) };
  if (asked.user) asked.user = { ...asked.user, id: fromText(asked.user.id) };
  asked.excludeCredentials = list(asked.excludeCredentials);
  asked.allowCredentials = list(asked.allowCredentials);
  return { publicKey: asked };
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function options(form) {
  if (!form.dataset.options) return JSON.parse(form.querySelector("script").textContent);
  const answer = await fetch(form.dataset.options, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).request_options;
}

async function go(form, button) {
  const problem = form.querySelector("[data-problem]");
  problem.hidden = button.disabled = true;
  try {
    const asked = decoded(await options(form));
    const made = form.dataset.passkey === "create"
      ? await navigator.credentials.create(asked) : await navigator.credentials.get(asked);
    form.elements.credential.value = JSON.stringify(encoded(made));
    // What was ticked beside the other way in holds for this one, too.
    const shared = document.querySelector("input[type=checkbox][name=is_shared]");
    if (form.dataset.options && shared?.checked) {
      const copy = form.appendChild(document.createElement("input"));
      Object.assign(copy, { type: "hidden", name: "is_shared", value: "on" });
    }
    form.submit();
  } catch {
    problem.hidden = false;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.closest("[data-passkey-part]").hidden = false;
  const button = form.querySelector("button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(form, button);
  });
}
