// Signed facts (docs/decisions/0053), read as strictly as the server does. What strangers made is compared byte by byte
// with the one form that ours have; only what our key signed is taken apart. Nothing here throws out of `open`.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BEGIN = [0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x26, 0x04, 0x48]; // COSE_Sign1, ES256, eight bytes of the key's name follow
const ISSUED = 6, EXPIRES = 4, CODE = 7, FACTS = -65537;
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MOST = 1200;

// {is: "ours", facts, key} | {is: "forged", unknown} | {is: "address", code} | {is: "unreadable"}
export async function open(text, keys) {
  try {
    const words = String(text).trim();
    const old = /\/verificar\/([0-9a-hj-np-tv-z]{26})\/?$/i.exec(words);
    if (old) return { is: "address", code: old[1].toUpperCase() };
    const found = /(?:^|\/o\/)([a-z2-7]{60,})$/i.exec(words);
    const content = found && found[1].length <= MOST && bytesOf(found[1].toUpperCase());
    const parts = content && split(content);
    if (!parts) return { is: "unreadable" }; // not of ours, or cut off
    const key = keys.find((one) => one.id === parts.key);
    if (!key) return { is: "forged", unknown: true };
    const jwk = { kty: "EC", crv: "P-256", x: key.x, y: key.y };
    const how = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const held = await crypto.subtle.importKey("jwk", jwk, how, false, ["verify"]);
    if (!(await crypto.subtle.verify(how, held, parts.signature, parts.signed))) return { is: "forged" };
    return { is: "ours", facts: factsOf(parts.payload), key };
  } catch {
    return { is: "unreadable" };
  }
}

function bytesOf(letters) {
  const out = new Uint8Array(Math.floor((letters.length * 5) / 8));
  let held = 0, bits = 0, place = 0;
  for (const letter of letters) {
    held = ((held << 5) | LETTERS.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) out[place++] = (held >> (bits -= 8)) & 255;
  }
  return bits < 5 && !(held & ((1 << bits) - 1)) ? out : null; // each byte is written in one way
}

function split(content) {
  const end = BEGIN.length + 8;
  if (content.length < 100 || BEGIN.some((byte, place) => content[place] !== byte) || content[end] !== 0xa0) return null;
  const [kind, length, at] = head(content, end + 1);
  const over = at + length;
  if (kind !== 2 || over + 66 !== content.length || content[over] !== 0x58 || content[over + 1] !== 64) return null;
  const said = new TextEncoder().encode("Signature1");
  const signed = [0x84, 0x60 | said.length, ...said, ...content.slice(2, end), 0x40, ...content.slice(end + 1, over)];
  const key = Array.from(content.slice(BEGIN.length, end), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { key, signed: new Uint8Array(signed), payload: content.slice(at, over), signature: content.slice(over + 2) };
}

// Kind, count and the place behind them (RFC 8949, section 3), each count in its shortest form.
function head(content, at) {
  const kind = content[at] >> 5, count = content[at] & 31;
  if (count < 24) return [kind, count, at + 1];
  const size = 1 << (count - 24);
  let number = 0;
  for (let place = 1; place <= size; place++) number = number * 256 + content[at + place];
  const least = size === 1 ? 24 : 256 ** (size / 2);
  if (size > 8 || !(number >= least && number <= Number.MAX_SAFE_INTEGER)) throw new RangeError("count");
  return [kind, number, at + 1 + size];
}

function value(content, from) {
  if (content[from] === 0xf6) return [null, from + 1];
  const [kind, count, at] = head(content, from);
  if (kind < 2) return [kind ? -1 - count : count, at];
  if (kind < 4) {
    const raw = content.slice(at, at + count);
    if (raw.length !== count) throw new RangeError("end");
    return [kind === 2 ? raw : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw), at + count];
  }
  if (kind > 5) throw new RangeError("kind");
  const items = [];
  let next = at, item;
  for (let left = count * (kind - 3); left; left--) [item, next] = value(content, next), items.push(item);
  if (kind === 4) return [items, next];
  return [new Map(items.flatMap((key, place) => (place % 2 ? [] : [[key, items[place + 1]]]))), next];
}

function factsOf(payload) {
  const [claims, end] = value(payload, 0);
  if (end !== payload.length) throw new RangeError("more");
  const [reference, kind, name, title, tenths, day, list, index] = claims.get(FACTS);
  const expires = claims.get(EXPIRES);
  return {
    code: codeOf(claims.get(CODE)),
    reference,
    kind,
    name: [name].flat()[0], // of what was too long its beginning, and a digest
    title: [title].flat()[0],
    isLonger: [name, title].some(Array.isArray),
    hours: tenths / 10,
    completed: new Date(day * 86_400_000), // a day, at midnight in UTC
    issued: new Date(claims.get(ISSUED) * 1000),
    expires: expires === undefined ? null : new Date(expires * 1000), // the first moment after its last day
    list: typeof list === "number" ? `${reference.slice(0, reference.lastIndexOf("-"))}-${list}` : list,
    index,
  };
}

function codeOf(raw) {
  let bits = raw.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n), code = "";
  for (let place = 0; place < 26; place++, bits >>= 5n) code = CROCKFORD[Number(bits & 31n)] + code;
  return code;
}
