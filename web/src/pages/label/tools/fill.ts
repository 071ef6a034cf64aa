import { Bits } from "../../../model/bits";
import type { Scene } from "../../../model/scene";
import { type Bench, held, type Press, type Tool } from "../../../parts/canvas/tool";

/** Pours into what hangs together under the pointer: a gap between objects, a hole, or all that is seen of an object. Shift adds it to the chosen object, Alt takes it away. */
export class Fill implements Tool {
  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    const found = poured(this.bench.scene, Math.floor(at.x), Math.floor(at.y));
    if (!found.empty) this.bench.draw("fill", found, held(at));
  }
}

/** Pixels of one label that hang together by edges with the pixel at x, y; row by row, so that large gaps are quick. */
export function poured(scene: Scene, x: number, y: number): Bits {
  const { width, height, top } = scene;
  if (x < 0 || y < 0 || x >= width || y >= height) return Bits.none;
  const label = top[y * width + x];
  const out = new Uint8Array(width * height);
  const stack = [x, y];
  const free = (px: number, row: number) => top[row + px] === label && !out[row + px];
  while (stack.length) {
    const py = stack.pop()!;
    const seed = stack.pop()!;
    const row = py * width;
    if (!free(seed, row)) continue;
    let left = seed;
    let right = seed;
    while (left > 0 && free(left - 1, row)) left--;
    while (right < width - 1 && free(right + 1, row)) right++;
    out.fill(1, row + left, row + right + 1);
    for (const next of [py - 1, py + 1]) {
      if (next < 0 || next >= height) continue;
      const other = next * width;
      for (let px = left; px <= right; px++) if (free(px, other) && (px === left || !free(px - 1, other))) stack.push(px, next);
    }
  }
  return new Bits(0, 0, width, height, out).trimmed();
}
