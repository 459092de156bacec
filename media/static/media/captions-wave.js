// The loudness of the video with the captions on it: a window of some seconds; a click goes there, an edge can be drawn.
const WINDOW_MS = 20000;
const EDGE_PX = 12;

export class Wave {
  // `cues` gives the captions, `current` which is in hand, `seek` goes to a moment, `move` sets an edge of the one in hand.
  constructor(box, { cues, current, seek, move }) {
    Object.assign(this, { cues, current, seek, move });
    this.canvas = box.querySelector("[data-canvas]");
    this.length = Number(box.dataset.length) * 1000;
    this.from = 0;
    this.at = 0;
    this.peaks = new Uint8Array();
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.drag(event));
    this.canvas.addEventListener("pointerup", () => { this.edge = null; });
    this.canvas.addEventListener("pointercancel", () => { this.edge = null; });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    if (box.dataset.peaks) this.load(box.dataset.peaks);
  }

  async load(address) {
    try {
      const answer = await fetch(address);
      if (answer.ok) this.peaks = new Uint8Array(await answer.arrayBuffer());
    } catch { /* captions can be written without seeing the sound */ }
    this.draw();
  }

  x(at) { return (at - this.from) / WINDOW_MS * this.canvas.clientWidth; }

  moment(event) {
    const at = this.from + event.offsetX / this.canvas.clientWidth * WINDOW_MS;
    return Math.round(Math.min(Math.max(0, at), this.length || at));
  }

  press(event) {
    const cue = this.cues()[this.current()];
    this.canvas.setPointerCapture(event.pointerId);
    this.edge = cue ? ["start", "end"].find((name) => Math.abs(this.x(cue[name]) - event.offsetX) < EDGE_PX) : null;
    if (!this.edge) this.seek(this.moment(event));
  }

  drag(event) {
    if (this.edge) this.move(this.edge, this.moment(event));
  }

  // Show the moment `at`; the window turns like a page, and holds still while an edge is drawn.
  show(at) {
    this.at = at;
    const isOutside = at < this.from || at > this.from + WINDOW_MS * 0.95;
    if (isOutside && !this.edge) this.from = Math.max(0, at - WINDOW_MS * 0.1);
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const paint = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    paint.scale(ratio, ratio);
    this.drawPeaks(paint, style.color, width, height);
    this.drawCues(paint, style, height);
    paint.fillStyle = style.getPropertyValue("--captions-now");
    paint.fillRect(this.x(this.at) - 1, 0, 2, height);
  }

  drawPeaks(paint, colour, width, height) {
    paint.fillStyle = colour;
    const [first, last] = [Math.floor(this.from / 100), Math.ceil((this.from + WINDOW_MS) / 100)];
    for (let tenth = first; tenth < Math.min(last, this.peaks.length); tenth += 1) {
      const tall = Math.max(1, this.peaks[tenth] / 255 * (height - 4));
      paint.fillRect(this.x(tenth * 100), (height - tall) / 2, Math.max(1, width * 80 / WINDOW_MS), tall);
    }
  }

  drawCues(paint, style, height) {
    for (const [index, cue] of this.cues().entries()) {
      if (cue.end < this.from || cue.start > this.from + WINDOW_MS) continue;
      const isCurrent = index === this.current();
      const [left, wide] = [this.x(cue.start), Math.max(2, this.x(cue.end) - this.x(cue.start))];
      paint.globalAlpha = isCurrent ? 0.35 : 0.16;
      paint.fillStyle = style.getPropertyValue("--captions-cue");
      paint.fillRect(left, 0, wide, height);
      paint.globalAlpha = 1;
      paint.fillRect(left, 0, isCurrent ? 3 : 1, height);
      paint.fillRect(left + wide - (isCurrent ? 3 : 1), 0, isCurrent ? 3 : 1, height);
    }
  }
}
