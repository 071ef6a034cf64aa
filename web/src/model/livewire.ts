/** Intelligent scissors: the cheapest way along edges from a seed to everywhere near it (Mortensen and Barrett, 1995). */

import type { Point, Rect } from "./bits";

const COSTLY = 40; // of a step over an even area, against 1 along the strongest edge

export class Livewire {
  /** From each pixel of the box, the pixel before it on the way from the seed; -1 at the seed. */
  private readonly before: Int32Array;

  /** pixels: of the box alone, RGBA. The seed is clamped into it. */
  constructor(pixels: ImageData, private readonly box: Rect, seed: Point) {
    this.before = ways(costs(pixels), pixels.width, pixels.height, this.index(seed));
  }

  /** Corners of the way to a point, the seed first; the point is clamped into the box. */
  to(point: Point): Point[] {
    const { w } = this.box;
    const out: Point[] = [];
    for (let at = this.index(point); at >= 0; at = this.before[at])
      out.push({ x: this.box.x + (at % w) + 0.5, y: this.box.y + Math.floor(at / w) + 0.5 });
    return out.reverse();
  }

  private index(point: Point): number {
    const x = Math.max(0, Math.min(this.box.w - 1, Math.floor(point.x) - this.box.x));
    const y = Math.max(0, Math.min(this.box.h - 1, Math.floor(point.y) - this.box.y));
    return y * this.box.w + x;
  }
}

/** 1 on the strongest edges to COSTLY where nothing changes: the largest Sobel gradient of the three channels. */
function costs(pixels: ImageData): Uint8Array {
  const { width, height, data } = pixels;
  const strength = new Float32Array(width * height);
  let most = 1;
  for (let y = 0; y < height; y++) {
    const up = Math.max(0, y - 1) * width;
    const here = y * width;
    const down = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) {
      const l = Math.max(0, x - 1);
      const r = Math.min(width - 1, x + 1);
      let best = 0;
      for (let c = 0; c < 3; c++) {
        const at = (p: number) => data[p * 4 + c];
        const gx = at(up + r) + 2 * at(here + r) + at(down + r) - at(up + l) - 2 * at(here + l) - at(down + l);
        const gy = at(down + l) + 2 * at(down + x) + at(down + r) - at(up + l) - 2 * at(up + x) - at(up + r);
        best = Math.max(best, gx * gx + gy * gy);
      }
      strength[here + x] = Math.sqrt(best);
      most = Math.max(most, strength[here + x]);
    }
  }
  return Uint8Array.from(strength, (edge) => 1 + Math.round((COSTLY - 1) * (1 - edge / most) ** 2));
}

/** Dijkstra's algorithm with a bucket a distance (Dial, 1969): distances are small whole numbers. */
function ways(cost: Uint8Array, w: number, h: number, seed: number): Int32Array {
  const before = new Int32Array(w * h).fill(-1);
  const far = new Int32Array(w * h).fill(2 ** 30);
  const done = new Uint8Array(w * h);
  const ring = COSTLY * 7 + 1;
  const buckets: number[][] = Array.from({ length: ring }, () => []);
  far[seed] = 0;
  buckets[0].push(seed);
  let waiting = 1;
  for (let distance = 0; waiting; distance++) {
    const bucket = buckets[distance % ring];
    while (bucket.length) {
      const at = bucket.pop()!;
      waiting--;
      if (done[at]) continue;
      done[at] = 1;
      const x = at % w;
      const y = (at - x) / w;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(h - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(w - 1, x + 1); nx++) {
          const next = ny * w + nx;
          if (done[next]) continue;
          // Five and seven: 1 and the root of 2, in whole numbers.
          const to = distance + cost[next] * (nx !== x && ny !== y ? 7 : 5);
          if (to < far[next]) {
            far[next] = to;
            before[next] = at;
            buckets[to % ring].push(next);
            waiting++;
          }
        }
    }
  }
  return before;
}
