// Unpacks gzip (RFC 1952 and 1951) for browsers that have no DecompressionStream. What is broken throws.
const MOST = 1 << 20;
const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
  12289, 16385, 24577,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const lengthBits = (place) => (place < 8 || place === 28 ? 0 : (place - 4) >> 2);
const distanceBits = (place) => (place < 4 ? 0 : (place - 2) >> 1);

// How many codes there are of each length, and their symbols in order.
function tree(sizes) {
  const counts = new Array(16).fill(0), symbols = [];
  for (let size = 1; size < 16; size++)
    sizes.forEach((one, symbol) => one === size && (symbols.push(symbol), counts[size]++));
  return { counts, symbols };
}

export function gunzip(packed) {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b || packed[2] !== 8 || packed[3] !== 0) throw new TypeError("gzip");
  const out = [];
  let at = 10, held = 0, bits = 0, isLast = 0;

  function take(count) {
    while (bits < count) {
      if (at >= packed.length) throw new RangeError("end");
      held |= packed[at++] << bits;
      bits += 8;
    }
    const taken = held & ((1 << count) - 1);
    held >>>= count;
    bits -= count;
    return taken;
  }

  function symbol({ counts, symbols }) {
    let code = 0, first = 0, place = 0;
    for (let size = 1; size < 16; size++) {
      code |= take(1);
      if (code - counts[size] < first) return symbols[place + code - first];
      place += counts[size];
      first = (first + counts[size]) << 1;
      code <<= 1;
    }
    throw new RangeError("code");
  }

  function stored() {
    held = bits = 0;
    const length = packed[at] | (packed[at + 1] << 8);
    if (!(at + 4 + length <= packed.length)) throw new RangeError("end");
    out.push(...packed.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }

  function trees() {
    const literals = take(5) + 257, distances = take(5) + 1, count = take(4) + 4;
    const small = new Array(19).fill(0), sizes = [];
    for (let place = 0; place < count; place++) small[ORDER[place]] = take(3);
    const of = tree(small);
    while (sizes.length < literals + distances) {
      const what = symbol(of);
      if (what < 16) sizes.push(what);
      else if (what === 16) sizes.push(...new Array(3 + take(2)).fill(sizes.at(-1)));
      else sizes.push(...new Array(what === 17 ? 3 + take(3) : 11 + take(7)).fill(0));
    }
    return [tree(sizes.slice(0, literals)), tree(sizes.slice(literals))];
  }

  function compressed([literals, distances]) {
    for (;;) {
      const what = symbol(literals);
      if (what === 256) return;
      if (what < 256) out.push(what);
      else {
        let length = LENGTHS[what - 257] + take(lengthBits(what - 257));
        const place = symbol(distances), distance = DISTANCES[place] + take(distanceBits(place));
        if (!(length && distance <= out.length) || out.length > MOST) throw new RangeError("distance");
        while (length--) out.push(out[out.length - distance]);
      }
    }
  }

  const fixed = [...new Array(144).fill(8), ...new Array(112).fill(9), ...new Array(24).fill(7), ...new Array(8).fill(8)];
  while (!isLast) {
    isLast = take(1);
    const kind = take(2);
    if (kind === 0) stored();
    else if (kind === 1) compressed([tree(fixed), tree(new Array(30).fill(5))]);
    else if (kind === 2) compressed(trees());
    else throw new RangeError("kind");
  }
  return Uint8Array.from(out);
}
