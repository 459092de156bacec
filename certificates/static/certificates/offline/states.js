// The lists of what is out of force or suspended, kept on this device as last fetched (W3C Bitstring Status List 1.0).
// They come as tokens (RFC 7519, ES256), and nothing of one is believed before a key that this page brought has signed it.
const STORE = "aula-estados-2", OLD = "aula-estados"; // what the old one holds nobody checked
const HOW = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
let inflater, keys;
const PURPOSES = { revocation: "/estados/", suspension: "/estados/suspendidos/" };
const addressOf = (name, purpose) => `${PURPOSES[purpose]}${name}`;

// Where the unpacking of ours is, for browsers that have none, and the keys that may sign.
export function use(address, ours) {
  inflater = address;
  keys = ours;
  globalThis.caches?.delete(OLD).catch(() => {});
}

// Fetches the two lists of each name and keeps them; of how many names it got both.
export async function refresh(names) {
  const both = (name) => Promise.all(Object.keys(PURPOSES).map((purpose) => fetchOne(name, purpose)));
  const got = await Promise.allSettled(names.map(both));
  return got.filter((one) => one.status === "fulfilled").length;
}

async function fetchOne(name, purpose) {
  const address = addressOf(name, purpose);
  const answer = await fetch(`${address}.jwt`, { cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw answer.status;
  const text = await answer.text();
  const { at } = await read(text, name, purpose); // what cannot be believed takes no place of what can
  const store = await caches.open(STORE), before = await store.match(address);
  const known = before && (await read(await before.text(), name, purpose).catch(() => null));
  if (known && known.at > at) throw new RangeError("older"); // signed by us, but brought back by somebody
  await store.put(address, new Response(text));
}

// {at, isSet, isSuspended}: what the lists say of a bit and of when they are; null where a list or the bit is not here.
export async function look(name, index) {
  if (!/^[\w-]{1,40}$/.test(name) || !Number.isInteger(index) || index < 0) return null;
  try {
    const store = await caches.open(STORE);
    const [ended, suspended] = await Promise.all(Object.keys(PURPOSES).map((purpose) => bitOf(store, name, purpose, index)));
    const at = new Date(Math.min(ended.at, suspended.at));
    return { at, isSet: ended.isSet, isSuspended: suspended.isSet };
  } catch {
    return null;
  }
}

async function bitOf(store, name, purpose, index) {
  const kept = await store.match(addressOf(name, purpose));
  const { at, bits } = await read(await kept.text(), name, purpose);
  if (index >= bits.length * 8) throw new RangeError("bit");
  return { at, isSet: Boolean((bits[index >> 3] >> (7 - (index & 7))) & 1) };
}

// The oldest of the lists kept here, or null where one is missing.
export async function oldest(names) {
  const found = await Promise.all(names.map((name) => look(name, 0)));
  return names.length && found.every(Boolean) ? new Date(Math.min(...found.map(({ at }) => at))) : null;
}

const bytesOf = (letters) =>
  Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const wordsOf = (letters) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(letters)));

// What one of our keys signed; anything else throws.
async function verified(text) {
  const [head, said, signature, ...rest] = text.trim().split(".");
  const { alg, kid } = wordsOf(head);
  const key = keys.find((one) => one.name === kid.slice(kid.lastIndexOf("#") + 1));
  if (rest.length || alg !== "ES256" || !key) throw new TypeError("key");
  const held = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: key.x, y: key.y }, HOW, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${said}`);
  if (!(await crypto.subtle.verify(HOW, held, bytesOf(signature), signed))) throw new TypeError("signature");
  return wordsOf(said);
}

async function read(text, name, purpose) {
  const { id, credentialSubject, validFrom } = await verified(text);
  const at = new Date(validFrom);
  if (new URL(id).pathname !== `${addressOf(name, purpose)}.json`) throw new TypeError("another list");
  if (Number.isNaN(at.getTime()) || credentialSubject.statusPurpose !== purpose) throw new TypeError("list");
  return { at, bits: await unpack(bytesOf(credentialSubject.encodedList.slice(1))) };
}

async function unpack(packed) {
  if (!globalThis.DecompressionStream) return (await import(inflater)).gunzip(packed);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
