import { Bits, meet, type Rect } from "../../../model/bits";
import { type Bench, held, type Held, type Press, type Tool } from "../../../parts/canvas/tool";

const WHOLE = 16_000_000; // pixels; in larger images it looks around the click only
const REACH = 1024;

/** Pixels that hang together with the pixel clicked and look like it; dragging sideways widens what looks alike. Shift adds to the chosen object, Alt takes away. */
export class Wand implements Tool {
  private begin: Press | null = null;
  private image: { pixels: ImageData; box: Rect } | null = null;
  private tolerance = 24;
  private found = Bits.none;
  /** The button is up before the pixels came. */
  private released = false;

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    const { scene } = this.bench;
    this.begin = at;
    this.released = false;
    this.found = Bits.none;
    this.tolerance = 24;
    this.image = null;
    const around = { x: Math.floor(at.x) - REACH, y: Math.floor(at.y) - REACH, w: 2 * REACH, h: 2 * REACH };
    const box = scene.width * scene.height > WHOLE ? meet(around, scene.box) : scene.box;
    if (!box) return;
    void this.bench.pixels(box)?.then((pixels) => {
      if (this.begin !== at) return;
      this.image = { pixels, box };
      this.grow();
      if (this.released) this.finish();
    });
  }

  move(at: Press, pressed: boolean): void {
    if (!pressed || !this.begin) return;
    this.tolerance = Math.max(2, 24 + ((at.x - this.begin.x) * this.bench.view.scale) / 3);
    this.grow();
  }

  up(): void {
    this.released = true;
    if (this.image) this.finish();
  }

  cancel(): void {
    this.begin = null;
    this.released = false;
    this.bench.preview(null);
  }

  how(): Held {
    return this.begin ? held(this.begin) : { adds: false, removes: false };
  }

  private finish(): void {
    const { begin, found } = this;
    this.cancel();
    if (!begin || found.empty) return;
    this.bench.draw("wand", found, held(begin));
  }

  private grow(): void {
    if (!this.image || !this.begin) return;
    const { pixels, box } = this.image;
    const found = flood(pixels, Math.floor(this.begin.x) - box.x, Math.floor(this.begin.y) - box.y, this.tolerance);
    this.found = new Bits(found.x + box.x, found.y + box.y, found.w, found.h, found.data);
    this.bench.preview(this.found);
  }
}

export function flood(pixels: ImageData, x: number, y: number, tolerance: number): Bits {
  const { width, height, data } = pixels;
  if (x < 0 || y < 0 || x >= width || y >= height) return Bits.none;
  const seed = (y * width + x) * 4;
  const like = (at: number) =>
    Math.abs(data[at * 4] - data[seed]) + Math.abs(data[at * 4 + 1] - data[seed + 1]) +
      Math.abs(data[at * 4 + 2] - data[seed + 2]) <= 3 * tolerance;
  const out = new Uint8Array(width * height);
  const stack = [y * width + x];
  out[stack[0]] = 1;
  while (stack.length) {
    const at = stack.pop()!;
    const px = at % width;
    for (const next of [px > 0 ? at - 1 : -1, px < width - 1 ? at + 1 : -1, at - width, at + width])
      if (next >= 0 && next < out.length && !out[next] && like(next)) {
        out[next] = 1;
        stack.push(next);
      }
  }
  return new Bits(0, 0, width, height, out).trimmed();
}
