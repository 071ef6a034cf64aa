/** A mask's outlines as rings of corners, and rings with fewer corners. */

import type { Bits, Point } from "./bits";

/** Exact outlines along pixel edges: outer rings and holes alike; where two pixels touch by a corner only, rings part. */
export function rings(bits: Bits): Point[][] {
  const { w, h } = bits;
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < w && y < h && bits.data[y * w + x] === 1;
  // From each corner, where the outline goes on with the inside on its right; a corner may be left twice.
  const next = new Map<number, number[]>();
  const add = (x0: number, y0: number, x1: number, y1: number) => {
    const from = y0 * (w + 1) + x0;
    const list = next.get(from);
    if (list) list.push(y1 * (w + 1) + x1);
    else next.set(from, [y1 * (w + 1) + x1]);
  };
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) add(x, y, x + 1, y);
      if (!inside(x + 1, y)) add(x + 1, y, x + 1, y + 1);
      if (!inside(x, y + 1)) add(x + 1, y + 1, x, y + 1);
      if (!inside(x - 1, y)) add(x, y + 1, x, y);
    }
  const out: Point[][] = [];
  for (const [start, first] of next) {
    while (first.length) {
      const ring: number[] = [start];
      let before = start;
      let at = first.pop()!;
      while (at !== start) {
        ring.push(at);
        const choices = next.get(at)!;
        let chosen = choices.length - 1;
        if (choices.length === 2) {
          // Two pixels meet by this corner: turn right, so that each keeps a ring of its own.
          const [dx, dy] = [(at % (w + 1)) - (before % (w + 1)), Math.floor(at / (w + 1)) - Math.floor(before / (w + 1))];
          const right = at + dx * (w + 1) - dy;
          chosen = choices.indexOf(right) >= 0 ? choices.indexOf(right) : 0;
        }
        before = at;
        at = choices.splice(chosen, 1)[0];
      }
      out.push(straight(ring.map((corner) => ({ x: bits.x + (corner % (w + 1)), y: bits.y + Math.floor(corner / (w + 1)) }))));
    }
  }
  return out;
}

/** Without corners that lie on a straight line. */
function straight(ring: Point[]): Point[] {
  return ring.filter((p, k) => {
    const a = ring[(k + ring.length - 1) % ring.length];
    const b = ring[(k + 1) % ring.length];
    return (p.x - a.x) * (b.y - p.y) !== (p.y - a.y) * (b.x - p.x);
  });
}

/** Corners that are needed to stay within `tolerance` pixels (Douglas and Peucker, 1973); at least three where there were. */
export function simplified(ring: Point[], tolerance: number): Point[] {
  if (ring.length < 5) return ring;
  // A ring has no ends: it is cut at the corner that is farthest from the first.
  let far = 0;
  let most = -1;
  ring.forEach((p, k) => {
    const d = (p.x - ring[0].x) ** 2 + (p.y - ring[0].y) ** 2;
    if (d > most) [far, most] = [k, d];
  });
  const keep = new Uint8Array(ring.length);
  keep[0] = keep[far] = 1;
  const stack: [number, number][] = [[0, far], [far, ring.length]];
  while (stack.length) {
    const [a, b] = stack.pop()!;
    const p = ring[a];
    const q = ring[b % ring.length];
    const length = Math.hypot(q.x - p.x, q.y - p.y);
    let worst = tolerance;
    let at = -1;
    for (let k = a + 1; k < b; k++) {
      const d = length
        ? Math.abs((ring[k].x - p.x) * (q.y - p.y) - (ring[k].y - p.y) * (q.x - p.x)) / length
        : Math.hypot(ring[k].x - p.x, ring[k].y - p.y);
      if (d > worst) [at, worst] = [k, d];
    }
    if (at >= 0) {
      keep[at] = 1;
      stack.push([a, at], [at, b]);
    }
  }
  const out = ring.filter((_, k) => keep[k]);
  return out.length > 2 ? out : ring;
}
