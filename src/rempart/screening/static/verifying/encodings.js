// The encodings of certificates: Base45, Base32, zlib, CBOR. Whatever the bytes, an answer or Refused.

const MAX_CBOR = 65536; // bytes; real ones stay under 1 kB
const MAX_DEPTH = 16;

/** A text that cannot be opened, or does not hold, with the reason. */
export class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const parts = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(parts);
      length += value.length;
      if (length > MAX_CBOR) throw new Refused("too-large");
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused("bad-compression");
  }
}

const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function base45(text) {
  if (text.length % 3 === 1) throw new Refused("bad-base45");
  const out = [];
  for (let start = 0; start < text.length; start += 3) {
    const digits = [...text.slice(start, start + 3)].map((letter) => BASE45.indexOf(letter));
    if (digits.includes(-1)) throw new Refused("bad-base45");
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (value > (digits.length === 3 ? 0xffff : 0xff)) throw new Refused("bad-base45");
    if (digits.length === 3) out.push(value >> 8);
    out.push(value & 0xff);
  }
  return Uint8Array.from(out);
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function base32(text) {
  const bare = text.trim().replace(/=+$/, "").toUpperCase();
  if ([1, 3, 6].includes(bare.length % 8)) throw new Refused("unsigned");
  const out = [];
  let [bits, kept] = [0, 0];
  for (const letter of bare) {
    const value = BASE32.indexOf(letter);
    if (value < 0) throw new Refused("unsigned");
    kept = ((kept << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((kept >> bits) & 0xff);
    }
  }
  if (!out.length) throw new Refused("unsigned");
  return Uint8Array.from(out);
}

// ── CBOR (RFC 8949): plain values, other tags kept as {tag, value}, no more than a certificate needs ──

export function cbor(bytes) {
  const reader = { bytes, at: 0, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  try {
    const value = item(reader, 0);
    if (reader.at !== bytes.length) throw new Refused("bad-cbor");
    return value;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused("bad-cbor");
  }
}

const BREAK = Symbol("break");
const PLAIN_TAGS = [0, 1, 2, 3, 4, 5, 30, 35, 36, 37, 100, 258, 260, 261, 1004, 43000]; // dates, numbers: what they stand on says enough

function item(reader, depth, mayEnd = false) {
  if (depth > MAX_DEPTH || reader.at >= reader.bytes.length) throw new Refused("bad-cbor");
  const first = reader.bytes[reader.at++];
  const [major, minor] = [first >> 5, first & 31];
  if (first === 0xff && mayEnd) return BREAK;
  if (major === 7) return simple(reader, minor);
  const length = minor === 31 ? null : argument(reader, minor);
  switch (major) {
    case 0:
      return length;
    case 1:
      return -1 - length;
    case 2:
    case 3: {
      const content = length === null ? chunks(reader, major, depth) : take(reader, length);
      return major === 2 ? content : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    }
    case 4: {
      const list = [];
      for (let index = 0; length === null || index < length; index += 1) {
        const value = item(reader, depth + 1, length === null);
        if (value === BREAK) return list;
        list.push(value);
      }
      return list;
    }
    case 5: {
      const map = new Map();
      for (let index = 0; length === null || index < length; index += 1) {
        const key = item(reader, depth + 1, length === null);
        if (key === BREAK) return map;
        if (map.has(key)) throw new Refused("bad-cbor");
        map.set(key, item(reader, depth + 1));
      }
      return map;
    }
    default: {
      if ([25, 28, 29, 256].includes(length)) throw new Refused("bad-cbor"); // shared references
      const value = item(reader, depth + 1);
      return PLAIN_TAGS.includes(length) ? value : { tag: length, value };
    }
  }
}

function argument(reader, minor) {
  if (minor < 24) return minor;
  const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[minor];
  if (!size) throw new Refused("bad-cbor");
  const bytes = take(reader, size);
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw new Refused("bad-cbor");
  return value;
}

function simple(reader, minor) {
  if (minor === 20 || minor === 21) return minor === 21;
  if (minor === 22 || minor === 23) return null;
  const at = reader.at;
  if (minor === 26 || minor === 27) {
    take(reader, minor === 26 ? 4 : 8);
    return minor === 26 ? reader.view.getFloat32(at) : reader.view.getFloat64(at);
  }
  if (minor === 25) return half(take(reader, 2));
  throw new Refused("bad-cbor");
}

function half([high, low]) {
  const exponent = (high >> 2) & 31;
  const fraction = ((high & 3) << 8) | low;
  const value = exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1024 + fraction) * 2 ** (exponent - 25);
  return high & 128 ? -value : value;
}

function chunks(reader, major, depth) {
  const parts = [];
  for (;;) {
    if (reader.bytes[reader.at] === 0xff) {
      reader.at += 1;
      return concat(parts);
    }
    if (reader.bytes[reader.at] >> 5 !== major || (reader.bytes[reader.at] & 31) === 31) throw new Refused("bad-cbor");
    const part = item(reader, depth + 1);
    parts.push(typeof part === "string" ? utf8(part) : part);
  }
}

function take(reader, length) {
  if (reader.at + length > reader.bytes.length) throw new Refused("bad-cbor");
  reader.at += length;
  return reader.bytes.slice(reader.at - length, reader.at);
}

// ── Bytes ──

export const isBytes = (value) => value instanceof Uint8Array;
export const utf8 = (text) => new TextEncoder().encode(text);
export const latin1 = (text) => {
  if (/[^\x00-\xff]/.test(text)) throw new Refused("bad-characters"); // cut to a byte, it would be another letter, and signed
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
};
export const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

export function concat(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function headed(major, length) {
  if (length < 24) return Uint8Array.of((major << 5) | length);
  if (length < 256) return Uint8Array.of((major << 5) | 24, length);
  return Uint8Array.of((major << 5) | 25, length >> 8, length & 255);
}

export const bytesItem = (bytes) => concat([headed(2, bytes.length), bytes]);
export const textItem = (text) => concat([headed(3, text.length), utf8(text)]);
