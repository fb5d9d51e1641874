// Passkeys: asks the browser for one, puts its answer into the form and sends it. Nothing else needs a script.
"use strict";

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The options as the browser wants them: bytes where JSON has text. */
function options(publicKey) {
  const known = (list) => list?.map((one) => ({ ...one, id: decode(one.id) }));
  return {
    ...publicKey,
    challenge: decode(publicKey.challenge),
    ...(publicKey.user && { user: { ...publicKey.user, id: decode(publicKey.user.id) } }),
    ...(publicKey.excludeCredentials && { excludeCredentials: known(publicKey.excludeCredentials) }),
    ...(publicKey.allowCredentials && { allowCredentials: known(publicKey.allowCredentials) }),
  };
}

/** The answer as JSON (Web Authentication Level 3, PublicKeyCredential.toJSON). */
function answer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = encode(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    response: { ...response, transports: credential.response.getTransports?.() ?? [] },
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.querySelector("[data-without-script]").hidden = true;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    const wanted = JSON.parse(document.getElementById(form.dataset.options).textContent);
    try {
      const publicKey = options((wanted.creation_options ?? wanted.request_options).publicKey);
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = JSON.stringify(answer(credential));
      form.requestSubmit();
    } catch {
      form.querySelector("[data-passkey-error]").hidden = false;
    }
  });
}
