import { Bits } from "../model/bits";
import type { Bench, Press, Tool } from "./tool";

/** Pixels that hang together with the one clicked and look like it; dragging sideways widens what looks alike. Alt takes away. */
export class Wand implements Tool {
  private begin: Press | null = null;
  private found = Bits.none;

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.begin = at;
    this.grow(24);
  }

  move(at: Press, pressed: boolean): void {
    if (pressed && this.begin) this.grow(Math.max(2, 24 + ((at.x - this.begin.x) * this.bench.view.scale) / 3));
  }

  up(): void {
    const { begin, found } = this;
    this.begin = null;
    this.bench.preview(null);
    if (!begin || found.empty) return;
    const removes = begin.alt || begin.button === 2;
    this.bench.commit("wand", (bits) => (removes ? bits.minus(found) : bits.or(found)));
  }

  cancel(): void {
    this.begin = null;
    this.bench.preview(null);
  }

  private grow(tolerance: number): void {
    const pixels = this.bench.pixels();
    if (!pixels || !this.begin) return;
    this.found = flood(pixels, Math.floor(this.begin.x), Math.floor(this.begin.y), tolerance);
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
