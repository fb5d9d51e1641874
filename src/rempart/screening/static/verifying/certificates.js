// Reads and judges certificates in the browser: EU DCC (HC1:) and 2D-DOC. Nothing is sent anywhere. The same answers as
// rempart.proofs (verdict.py, control.py), whose reasons it uses; a test holds the two against each other.

import { Refused, base32, base45, bytesItem, cbor, concat, digest, hex, inflate, isBytes, latin1, textItem, utf8 } from "./encodings.js";

const MAX_TEXT = 8192; // characters; the largest QR code holds 4,296
const ES256 = -7;
const PS256 = -37;
const USAGES = ["t", "v", "r"];
const POSITIVE = "260373001";
const NEGATIVE = "260415000";
const ANTIGEN = { dcc: "LP217198-3", twoddoc: "945584" };
const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;

/**
 * Whether a certificate holds at a moment, and who it is of.
 *
 * trust: {keys: [{kid, documents, jwk, usages, from, until}], revoked: {kid: [hexadecimal]}, pass: {…}}; at: milliseconds.
 * Answers {outcome: "valid" | "not-accepted" | "authentic" | "invalid", reason, surname, firstNames, birthDate}; names only when it
 * is not invalid.
 */
export async function control(text, { trust, at }) {
  try {
    const certificate = await open(text.trimStart().replace(/[\r\n\t]+$/, ""));
    await judge(certificate, trust, at);
    const { surname, firstNames, birthDate } = certificate;
    return { outcome: accepted(certificate, trust.pass, at), reason: "ok", surname, firstNames, birthDate };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { outcome: "invalid", reason: error.reason, surname: "", firstNames: "", birthDate: "" };
  }
}

async function open(text) {
  if (text.length > MAX_TEXT) throw new Refused("too-large");
  const read = text.startsWith("HC1:") ? openDcc : text.startsWith("DC0") ? openTwoddoc : null;
  if (!read) throw new Refused("not-recognised");
  try {
    return await read(text);
  } catch (error) {
    const without = text.replace(/ +$/, ""); // a space may be the last of a Base45 text, or come from copying
    if (!(error instanceof Refused) || without === text) throw error;
    return read(without);
  }
}

// ── EU DCC ──

async function openDcc(text) {
  const cose = unwrap(cbor(await inflate(base45(text.slice(4)))));
  if (!Array.isArray(cose) || cose.length !== 4 || !isBytes(cose[0]) || !(cose[1] instanceof Map) || !isBytes(cose[2]) || !isBytes(cose[3])) {
    throw new Refused("bad-cose");
  }
  const [protectedHeader, unprotected, payload, signature] = cose;
  const header = protectedHeader.length ? cbor(protectedHeader) : new Map();
  if (!(header instanceof Map)) throw new Refused("bad-cose");
  const claims = cbor(payload);
  if (!(claims instanceof Map)) throw new Refused("bad-claims");
  const hcert = claims.get(-260);
  const content = hcert instanceof Map ? hcert.get(1) : null;
  const [expires, issued] = [claims.get(4), claims.get(6)];
  if (!(content instanceof Map) || ![expires, issued].every((date) => typeof date === "number" && Number.isFinite(date))) {
    throw new Refused("bad-claims");
  }
  const kid = header.has(4) ? header.get(4) : unprotected.get(4); // what is protected wins
  const algorithm = header.has(1) ? header.get(1) : unprotected.get(1);
  const name = content.get("nam");
  const said = (field) => (name instanceof Map ? asText(name.get(field)) : "");
  return {
    algorithm,
    kid: isBytes(kid) ? hex(kid) : "",
    kidIsSigned: header.has(4),
    signed: concat([Uint8Array.of(0x84), textItem("Signature1"), bytesItem(protectedHeader), Uint8Array.of(0x40), bytesItem(payload)]),
    signature,
    usages: USAGES.filter((usage) => isFilled(content.get(usage))),
    issuedAt: issued * 1000,
    expiresAt: expires * 1000,
    facts: dccFacts(content),
    fingerprints: await dccFingerprints(content, claims, algorithm, signature),
    surname: said("fn") || said("fnt"),
    firstNames: said("gn") || said("gnt"),
    birthDate: asText(content.get("dob")),
  };
}

/** As JSON has it: bytes in hexadecimal, nothing for what is no text. */
const asText = (value) => (isBytes(value) ? hex(value) : typeof value === "string" ? value : "");
const isFilled = (value) => Boolean(value instanceof Map ? value.size : (value?.length ?? value));

/** What a rule asks: {is, sampledAt, antigen} of a test; {is, from, until} of a recovery, as days. */
function dccFacts(content) {
  const entry = (group) => {
    const entries = content.get(group);
    return Array.isArray(entries) && entries[0] instanceof Map && entries[0].size ? entries[0] : null;
  };
  const test = entry("t");
  if (test) {
    const is = { [POSITIVE]: "positive", [NEGATIVE]: "negative" }[test.get("tr")] ?? "other";
    return { is, sampledAt: Date.parse(test.get("sc")), antigen: test.get("tt") === ANTIGEN.dcc };
  }
  const recovery = entry("r");
  if (recovery) {
    const [from, until] = ["df", "du"].map((field) => asText(recovery.get(field)));
    return { is: "recovery", from, until };
  }
  return { is: "other" };
}

/** The fingerprints under which an EU DCC may be revoked, in hexadecimal (rempart.proofs.revocation says which). */
async function dccFingerprints(content, claims, algorithm, signature) {
  const issuer = typeof claims.get(1) === "string" ? claims.get(1) : "";
  const short = [algorithm === ES256 ? signature.slice(0, signature.length >> 1) : signature];
  const whole = [];
  for (const usage of USAGES) {
    for (const entry of Array.isArray(content.get(usage)) ? content.get(usage) : []) {
      const ci = entry instanceof Map ? entry.get("ci") : null;
      if (typeof ci !== "string") continue;
      const country = String(entry.get("co") ?? "");
      short.push(utf8(ci), utf8(country + ci), utf8(issuer + ci));
      whole.push(utf8(country.toUpperCase() + ci), utf8((country + ci).toUpperCase()));
    }
  }
  const hashed = async (bytes) => hex(await digest(bytes));
  return [
    ...(await Promise.all(short.map(hashed))).map((one) => one.slice(0, 32)),
    ...(await Promise.all(whole.map(hashed))),
  ];
}

function unwrap(item) {
  let message = item;
  for (const tag of [61, 18]) if (message?.tag === tag) message = message.value;
  return message;
}

// ── 2D-DOC (ANTS, text mode, versions 02 to 04) ──

const HEADERS = { "02": 22, "03": 24, "04": 26 };
/** The shortest and the longest value of each field, by type. */
const FIELDS = {
  B2: { F0: [0, 60], F1: [0, 38], F2: [8, 8], F3: [1, 1], F4: [3, 7], F5: [1, 1], F6: [12, 12] },
  L1: {
    L0: [0, 80], L1: [0, 80], L2: [8, 8], L3: [0, 30], L4: [5, 15], L5: [5, 30], L6: [5, 30], L7: [1, 1], L8: [1, 1], L9: [8, 8],
    LA: [2, 2],
  },
};
const [GS, US] = ["\x1d", "\x1f"];

async function openTwoddoc(text) {
  const end = text.indexOf(US);
  const header = HEADERS[text.slice(2, 4)];
  const [emittedOn, signedOn] = [text.slice(12, 16), text.slice(16, 20)];
  if (!header || text.length < header || !/^[A-Z0-9]{8}[0-9A-F]{8}[A-Z0-9]{2}/.test(text.slice(4))) throw new Refused("bad-header");
  if (end < 0) throw new Refused("unsigned");
  if (end < header) throw new Refused("bad-header");
  const type = text.slice(20, 22);
  const fields = twoddocFields(text.slice(header, end), FIELDS[type] ?? {});
  const [surname, firstNames, born] = type === "L1" ? ["L0", "L1", "L2"] : ["F1", "F0", "F2"];
  const date = fields[born] ?? "";
  return {
    document: text.slice(4, 12),
    signed: latin1(text.slice(0, end)),
    signature: base32(text.slice(end + 1).split(GS)[0]),
    emittedOn: headerDay(emittedOn),
    signedOn: headerDay(signedOn),
    usages: [],
    facts: type === "B2" ? twoddocFacts(fields) : { is: "other" },
    fingerprints: [hex(await digest(latin1(text.slice(0, end))))],
    surname: fields[surname] ?? "",
    firstNames: (fields[firstNames] ?? "").replaceAll("/", ", "),
    birthDate: /^\d{8}$/.test(date) ? `${date.slice(4)}-${date.slice(2, 4)}-${date.slice(0, 2)}` : "",
  };
}

/** A day of the header, ISO; null: undated. */
function headerDay(digits) {
  return digits === "FFFF" ? null : new Date(Date.UTC(2000, 0, 1) + parseInt(digits, 16) * DAY).toISOString().slice(0, 10);
}

/** The day it is in Paris at a moment, ISO. */
function parisDay(at) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/Paris" }).format(at);
}

/** The values as far as the type is known, each once (rempart.proofs.twoddoc.text reads the same). */
function twoddocFields(message, known) {
  const fields = {};
  let rest = message.replace(/^\x1d+/, "");
  for (;;) {
    const id = rest.slice(0, 2);
    if (!Object.hasOwn(known, id) || Object.hasOwn(fields, id)) return fields;
    const body = rest.slice(2);
    const end = endOfValue(body, known[id], known);
    fields[id] = body.slice(0, end);
    rest = body.slice(end).replace(/^\x1e?\x1d*/, "");
  }
}

function endOfValue(body, [shortest, longest], known) {
  if (shortest === longest) return longest;
  const found = body.slice(0, longest + 1).search(/[\x1d\x1e]/);
  if (found >= 0) return found;
  const most = Math.min(longest, body.length);
  for (let length = most; length >= shortest; length -= 1) {
    if (body.length === length || Object.hasOwn(known, body.slice(length, length + 2))) return length;
  }
  return most;
}

function twoddocFacts(fields) {
  const [, day, month, year, hour, minute] = /^(\d\d)(\d\d)(\d{4})(\d\d)(\d\d)$/.exec(fields.F6 ?? "") ?? [];
  // the time of the place of sampling, which is not said: taken for that of whoever looks
  const said = `${year}-${month}-${day}T${hour}:${minute}`;
  const exists = year && hour < 24 && minute < 60 && +day && new Date(Date.UTC(+year, month, 0)).getUTCDate() >= +day && month >= 1 && month <= 12;
  const sampledAt = exists ? new Date(said).getTime() : NaN;
  const is = { P: "positive", N: "negative" }[fields.F5] ?? "other";
  return { is, sampledAt, antigen: fields.F4 === ANTIGEN.twoddoc };
}

// ── Judging ──

const CURVES = { "P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512" };

async function judge(certificate, trust, at) {
  const keys = certificate.document ? candidatesOfTwoddoc(certificate, trust) : candidatesOfDcc(certificate, trust);
  if (!keys.length) throw new Refused("key-unknown");
  const reasons = [];
  for (const key of keys) {
    if (await verifies(certificate, key)) reasons.push(datesHold(certificate, key, at));
  }
  if (!reasons.length) throw new Refused("bad-signature");
  const reason = reasons.includes("ok") ? "ok" : reasons[0];
  if (reason !== "ok") throw new Refused(reason);
  // A bare key holds under any identifier: one that somebody wrote beside the signature leads past its list.
  const isKnown = certificate.kidIsSigned || certificate.document || !trust.keys.some((key) => key.kid === "");
  const listed = isKnown ? [...(trust.revoked[""] ?? []), ...(trust.revoked[certificate.kid] ?? [])] : Object.values(trust.revoked).flat();
  if (certificate.fingerprints.some((one) => listed.includes(one))) throw new Refused("revoked");
}

function candidatesOfDcc(certificate, trust) {
  if (certificate.algorithm !== ES256 && certificate.algorithm !== PS256) throw new Refused("unsupported-algorithm");
  if (!certificate.kid) throw new Refused("key-id-missing");
  return trust.keys.filter((key) => key.kid === certificate.kid || key.kid === "");
}

function candidatesOfTwoddoc(certificate, trust) {
  return trust.keys.filter((key) => key.documents.includes(certificate.document));
}

async function verifies(certificate, { jwk }) {
  const { algorithm, signature, signed } = certificate;
  const isPss = algorithm === PS256;
  if (isPss !== (jwk.kty === "RSA")) return false;
  if (algorithm === ES256 && jwk.crv !== "P-256") return false;
  const name = isPss
    ? { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 }
    : { name: "ECDSA", namedCurve: jwk.crv, hash: CURVES[jwk.crv] };
  const key = await crypto.subtle.importKey("jwk", jwk, name, false, ["verify"]);
  return crypto.subtle.verify(name, key, signature, signed);
}

function datesHold(certificate, key, at) {
  if (certificate.document) {
    // days of the French calendar, as the header says them
    const today = parisDay(at);
    if ([certificate.emittedOn, certificate.signedOn].some((day) => day && day > today)) return "not-yet-valid";
    const day = certificate.signedOn ?? today;
    if (key.from !== null && day < parisDay(key.from)) return "key-not-yet-valid";
    return key.until !== null && day > parisDay(key.until) ? "key-expired" : "ok";
  }
  const { usages } = certificate;
  if (key.usages && !(usages.length && usages.every((usage) => key.usages.includes(usage)))) return "key-usage";
  if (at < certificate.issuedAt) return "not-yet-valid";
  if (at > certificate.expiresAt) return "expired";
  if (key.from !== null && Math.min(at, certificate.issuedAt) < key.from) return "key-not-yet-valid";
  return key.until !== null && at > key.until ? "key-expired" : "ok";
}

/** What the rules of the day make of an authentic certificate. */
function accepted({ facts }, pass, at) {
  const age = at - facts.sampledAt;
  const within = (holds) => (holds ? "valid" : "not-accepted");
  switch (facts.is) {
    case "negative":
      return within(age >= 0 && age <= (facts.antigen ? pass.antigenHours : pass.naatHours) * HOUR);
    case "positive":
      return within(age >= pass.positiveFirstDay * DAY && age <= pass.positiveLastDay * DAY);
    case "recovery": {
      const today = parisDay(at);
      return within(facts.from <= today && today <= facts.until);
    }
    default:
      return "authentic";
  }
}
