// The lists of what is out of force or suspended, kept on this device as last fetched (W3C Bitstring Status List 1.0).
const STORE = "aula-estados";
let inflater;
const PURPOSES = { revocation: "/estados/", suspension: "/estados/suspendidos/" };
const addressOf = (name, purpose) => `${PURPOSES[purpose]}${name}.json`;

// Where the unpacking of ours is, for browsers that have none.
export function use(address) {
  inflater = address;
}

// Fetches the two lists of each name and keeps them; of how many names it got both.
export async function refresh(names) {
  const both = (name) => Promise.all(Object.keys(PURPOSES).map((purpose) => fetchOne(name, purpose)));
  const got = await Promise.allSettled(names.map(both));
  return got.filter((one) => one.status === "fulfilled").length;
}

async function fetchOne(name, purpose) {
  const address = addressOf(name, purpose);
  const answer = await fetch(address, { cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw answer.status;
  const text = await answer.text();
  await read(text, purpose); // what cannot be read takes no place of what can
  await (await caches.open(STORE)).put(address, new Response(text));
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
  const { at, bits } = await read(await kept.text(), purpose);
  if (index >= bits.length * 8) throw new RangeError("bit");
  return { at, isSet: Boolean((bits[index >> 3] >> (7 - (index & 7))) & 1) };
}

// The oldest of the lists kept here, or null where one is missing.
export async function oldest(names) {
  const found = await Promise.all(names.map((name) => look(name, 0)));
  return names.length && found.every(Boolean) ? new Date(Math.min(...found.map(({ at }) => at))) : null;
}

async function read(text, purpose) {
  const { credentialSubject, validFrom } = JSON.parse(text);
  const at = new Date(validFrom);
  if (Number.isNaN(at.getTime()) || credentialSubject.statusPurpose !== purpose) throw new TypeError("list");
  const letters = credentialSubject.encodedList.slice(1).replaceAll("-", "+").replaceAll("_", "/");
  const packed = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
  return { at, bits: await unpack(packed) };
}

async function unpack(packed) {
  if (!globalThis.DecompressionStream) return (await import(inflater)).gunzip(packed);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
