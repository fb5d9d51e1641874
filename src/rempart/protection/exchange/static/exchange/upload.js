// Shows how far a file is, and says what is wrong beside it. Without this script the form works all the same.
"use strict";

const form = document.getElementById("upload");
const file = form.querySelector("input[type=file]");
const errors = document.getElementById("fichier-error");
const sending = form.querySelector(".rp-sending");
const progress = sending.querySelector("progress");
const share = sending.querySelector(".rp-sending__share");
const button = form.querySelector("button[type=submit]");

function tell(error) {
  errors.replaceChildren();
  if (error) {
    const message = document.createElement("p");
    message.className = "fr-message fr-message--error";
    message.textContent = error;
    errors.append(message);
  }
  form.querySelector(".fr-upload-group").classList.toggle("fr-upload-group--error", Boolean(error));
}

function isSending(yes) {
  sending.hidden = !yes;
  button.disabled = yes;
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return { error: errors.dataset.lost };
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  if (file.files[0] && file.files[0].size > Number(form.dataset.most)) {
    tell(errors.dataset.tooLarge);
    return;
  }
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (now) => {
    const percent = Math.floor((100 * now.loaded) / now.total);
    progress.value = percent;
    share.textContent = `${percent} %`;
  });
  request.addEventListener("load", () => {
    const answer = answerOf(request);
    if (answer.address) {
      window.location.assign(answer.address);
    } else {
      isSending(false);
      tell(answer.error);
    }
  });
  request.addEventListener("error", () => {
    isSending(false);
    tell(errors.dataset.lost);
  });
  const content = new FormData(form); // before its field is disabled
  isSending(true);
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.send(content);
});
