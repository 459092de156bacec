// Captions in the browser: read, written, checked and searched as the server does (media/domain/captions.py, cues.py).
const TIMING = /^(?:(\d{1,2}):)?([0-5]\d):([0-5]\d)[.,](\d{3})[ \t]+-->[ \t]+(?:(\d{1,2}):)?([0-5]\d):([0-5]\d)[.,](\d{3})/;
const APOSTROPHES = /['\u2018\u2019\u02bc\u02bb`\u00b4\ua78b\ua78c]/g;

const milliseconds = (hours, minutes, seconds, rest) => ((Number(hours || 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(rest);
const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// Our own WebVTT: [{ start, end, text }] in milliseconds.
export function parse(text) {
  const cues = [];
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMING.test(line));
    if (at < 0) continue;
    const found = TIMING.exec(lines[at]);
    const words = lines.slice(at + 1).filter((line) => line.trim()).join("\n");
    cues.push({ start: milliseconds(...found.slice(1, 5)), end: milliseconds(...found.slice(5, 9)), text: plain(words) });
  }
  return cues;
}

export function clock(at) {
  const two = (number) => String(number).padStart(2, "0");
  const seconds = Math.floor(at / 1000);
  const time = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(at % 1000).padStart(3, "0")}`;
  return `${two(Math.floor(seconds / 3600))}:${time}`;
}

// `1:02.5`, `62,5` and `00:01:02.500` are the same moment; null for what is none.
export function moment(text) {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!found) return null;
  const [, hours, minutes, seconds, rest] = found;
  return milliseconds(hours, minutes || 0, seconds, (rest || "").padEnd(3, "0"));
}

// Words without an empty line within, which would end the caption.
const tidy = (text) => text.split("\n").map((line) => line.trim().replace(/\s+/g, " ")).filter(Boolean).join("\n");

export function render(cues) {
  const kept = cues.map((cue) => ({ ...cue, text: tidy(cue.text) })).filter((cue) => cue.text);
  return ["WEBVTT\n", ...kept.map((cue) => `${clock(cue.start)} --> ${clock(cue.end)}\n${escaped(cue.text)}\n`)].join("\n");
}

// What a reader would stumble on, as [code, number]; `limits` are the server's.
export function check(cue, after, limits) {
  const text = tidy(cue.text);
  const lines = text.split("\n");
  const length = cue.end - cue.start;
  const speed = [...text].length * 1000 / Math.max(1, length);
  const longest = Math.max(...lines.map((line) => [...line].length));
  const found = [];
  if (length <= 0) found.push(["backwards", 0]);
  else if (speed > limits.too_fast) found.push(["too_fast", Math.round(speed)]);
  else if (speed > limits.fast) found.push(["fast", Math.round(speed)]);
  if (!text) found.push(["empty", 0]);
  if (longest > limits.long_line) found.push(["long_line", longest]);
  if (lines.length > limits.most_lines) found.push(["many_lines", lines.length]);
  if (length > 0 && length < limits.short_ms) found.push(["short", 0]);
  if (length > limits.long_ms) found.push(["long", 0]);
  if (after && after.start < cue.end) found.push(["overlap", 0]);
  else if (after && after.start > cue.end && after.start - cue.end < limits.least_gap_ms) found.push(["gap", 0]);
  return found;
}

// Without accents, capitals and apostrophes (lms/domain/texts.py).
const folded = (text) => text.normalize("NFKD").replace(APOSTROPHES, "").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss");
export const fold = (text) => folded(text).split(/\s+/).filter(Boolean).join(" ");

// Where a folded word stands in a text as it is written: [from, to], or null.
export function find(text, word) {
  let all = "";
  const places = [];
  for (let at = 0; at < text.length; at += 1) {
    for (const letter of folded(text[at])) {
      all += letter;
      places.push(at);
    }
  }
  const from = all.indexOf(word);
  return from < 0 ? null : [places[from], places[from + word.length - 1] + 1];
}
