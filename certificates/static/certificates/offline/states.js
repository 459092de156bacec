// The lists of what is out of force, kept on this device as they were last fetched (W3C Bitstring Status List 1.0).
const STORE = "aula-estados";
let inflater;
const addressOf = (name) => `/estados/${name}.json`;

// Where the unpacking of ours is, for browsers that have none.
export function use(address) {
  inflater = address;
}

// Fetches each list and keeps it; how many it got.
export async function refresh(names) {
  const got = await Promise.allSettled(names.map(fetchOne));
  return got.filter((one) => one.status === "fulfilled").length;
}

async function fetchOne(name) {
  const answer = await fetch(addressOf(name), { cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw answer.status;
  const text = await answer.text();
  await read(text); // what cannot be read takes no place of what can
  await (await caches.open(STORE)).put(addressOf(name), new Response(text));
}

// {at, isSet}: what the list says of a bit and of when it is; null where there is no such list or bit here.
export async function look(name, index) {
  if (!/^[\w-]{1,40}$/.test(name) || !Number.isInteger(index) || index < 0) return null;
  try {
    const kept = await (await caches.open(STORE)).match(addressOf(name));
    if (!kept) return null;
    const { at, bits } = await read(await kept.text());
    return index < bits.length * 8 ? { at, isSet: Boolean((bits[index >> 3] >> (7 - (index & 7))) & 1) } : null;
  } catch {
    return null;
  }
}

// The oldest of the lists kept here, or null where one is missing.
export async function oldest(names) {
  const found = await Promise.all(names.map((name) => look(name, 0)));
  return names.length && found.every(Boolean) ? new Date(Math.min(...found.map(({ at }) => at))) : null;
}

async function read(text) {
  const { credentialSubject, validFrom } = JSON.parse(text);
  const at = new Date(validFrom);
  if (Number.isNaN(at.getTime()) || credentialSubject.statusPurpose !== "revocation") throw new TypeError("list");
  const letters = credentialSubject.encodedList.slice(1).replaceAll("-", "+").replaceAll("_", "/");
  const packed = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
  return { at, bits: await unpack(packed) };
}

async function unpack(packed) {
  if (!globalThis.DecompressionStream) return (await import(inflater)).gunzip(packed);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
