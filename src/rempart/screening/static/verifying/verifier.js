// The page that checks certificates: a camera or a picture, everything in this browser, with or without a network. Nothing is sent.
import { control } from "./certificates.js";

const LOOKS_EVERY = 150; // milliseconds between two looks through the camera
const KEPT_FOR = 3 * 24 * 3600 * 1000; // milliseconds, of a list of keys: an older one does not say what was revoked since
const FORMATS = { formats: ["QRCode", "DataMatrix"], tryHarder: true, maxNumberOfSymbols: 4 };

const page = document.getElementById("verifier");
const at = (id) => document.getElementById(id);
const trusted = fetch(page.dataset.trust).then((answer) => {
  if (!answer.ok) throw new Error(`trust: ${answer.status}`);
  return answer.json();
});

const reader = ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => page.dataset.wasm }, fireImmediately: true });

/** The texts of the codes in a picture. Bytes, not `text`: the separators of a 2D-DOC are control characters. */
async function codesIn(picture) {
  await reader;
  const found = await ZXingWASM.readBarcodes(picture, FORMATS);
  return found.filter((one) => one.isValid).map((one) => String.fromCharCode(...one.bytes));
}

/** Show the answer for the first text that is a certificate; whether there was one. */
async function check(texts) {
  const text = texts.find((one) => /^(HC1:|DC0)/.test(one.trimStart()));
  if (!text) return false;
  const [trust, at] = [await trusted, Date.now()];
  if (at - Date.parse(trust.made) > KEPT_FOR) {
    show("none", "stale");
    return true;
  }
  const answer = await control(text, { trust, at });
  show(answer.outcome, answer.reason, answer);
  return true;
}

/** Put an answer on the page: the words are in the page already, in its language. */
function show(outcome, reason, { surname = "", firstNames = "", birthDate = "" } = {}) {
  const result = at("result");
  result.dataset.outcome = outcome;
  const words = (name, fallback) =>
    (page.querySelector(`[data-words="${name}"]`) ?? page.querySelector(`[data-words="${fallback}"]`)).content.cloneNode(true);
  at("outcome").replaceChildren(words(outcome, "invalid"));
  at("why").replaceChildren(words(`${outcome}-${reason}`, outcome === "invalid" ? "invalid-other" : `why-${outcome}`));
  at("who").hidden = !surname && !firstNames;
  at("checked").hidden = outcome === "none";
  at("surname").textContent = surname;
  at("first-names").textContent = firstNames;
  at("birth-date").textContent = birthDate.split("-").reverse().join("/");
  at("checked-at").textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  result.hidden = false;
  result.focus();
}

// ── Camera ──

let stream = null;

async function watch() {
  const video = at("camera");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch {
    show("none", "no-camera");
    return;
  }
  at("result").hidden = true;
  video.srcObject = stream;
  at("viewfinder").hidden = false;
  at("start").hidden = true;
  at("stop").hidden = false;
  await video.play();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  while (stream) {
    if (video.videoWidth) {
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      context.drawImage(video, 0, 0);
      if (await check(await codesIn(context.getImageData(0, 0, canvas.width, canvas.height)))) stop();
    }
    await new Promise((done) => setTimeout(done, LOOKS_EVERY));
  }
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  at("viewfinder").hidden = true;
  at("start").hidden = false;
  at("stop").hidden = true;
}

at("start").addEventListener("click", watch);
at("stop").addEventListener("click", stop);

at("picture").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  if (file.type === "application/pdf") {
    show("none", "pdf");
    return;
  }
  const codes = await codesIn(file).catch(() => []);
  if (!(await check(codes))) show("none", "no-code");
});

at("typed").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = at("text").value.replaceAll("<GS>", "\x1d").replaceAll("<RS>", "\x1e").replaceAll("<US>", "\x1f");
  at("text").value = "";
  if (!(await check([text]))) show("none", "no-code");
});

// ── Without a network ──

async function keepForLater() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(page.dataset.worker);
  const worker = await navigator.serviceWorker.ready;
  const own = [...document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]")].map((one) => one.src || one.href);
  const modules = ["certificates.js", "encodings.js"].map((name) => new URL(name, import.meta.url).href);
  const files = [location.pathname, page.dataset.trust, page.dataset.wasm, ...modules, ...own];
  worker.active.postMessage(files);
}

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data === "kept") at("offline").hidden = false;
});
Promise.all([reader, trusted]).then(keepForLater);
