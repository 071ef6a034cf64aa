/** Points in the plane: how they are seen, which is nearest, and which lie within an outline. x and y are from -1 to 1, y upwards. */

/** What is seen: the place in the middle, and how many pixels one unit is. */
export interface Seen {
  x: number;
  y: number;
  scale: number;
}
export type Place = readonly [x: number, y: number];

/** Where a place is seen, in pixels from the top left. */
export const toPixel = (seen: Seen, wide: number, high: number, [x, y]: Place): Place => [wide / 2 + (x - seen.x) * seen.scale, high / 2 - (y - seen.y) * seen.scale];
/** The place that is seen at a pixel. */
export const toPlace = (seen: Seen, wide: number, high: number, [x, y]: Place): Place => [seen.x + (x - wide / 2) / seen.scale, seen.y - (y - high / 2) / seen.scale];

/** All from -1 to 1, with a rim. */
export const whole = (wide: number, high: number): Seen => ({ x: 0, y: 0, scale: (Math.min(wide, high) / 2) * 0.94 });

/** Larger by a factor, about a pixel that stays where it is. */
export function zoomed(seen: Seen, wide: number, high: number, by: number, at: Place): Seen {
  const scale = Math.min(Math.max(seen.scale * by, Math.min(wide, high) / 8), Math.min(wide, high) * 5000);
  const [x, y] = toPlace(seen, wide, high, at);
  return { x: x - (at[0] - wide / 2) / scale, y: y + (at[1] - high / 2) / scale, scale };
}

/** Which of many points is nearest to a place: they lie in the cells of a grid, some four in each. */
export class Nearby {
  private readonly side: number;
  private readonly starts: Int32Array;
  private readonly order: Int32Array;

  constructor(private readonly x: Float32Array, private readonly y: Float32Array) {
    const number = x.length;
    this.side = Math.max(1, Math.ceil(Math.sqrt(number / 4)));
    this.starts = new Int32Array(this.side ** 2 + 1);
    this.order = new Int32Array(number);
    const cells = new Int32Array(number);
    for (let k = 0; k < number; k++) {
      cells[k] = this.cell(y[k]) * this.side + this.cell(x[k]);
      this.starts[cells[k] + 1]++;
    }
    for (let k = 0; k < this.side ** 2; k++) this.starts[k + 1] += this.starts[k];
    const next = this.starts.slice();
    for (let k = 0; k < number; k++) this.order[next[cells[k]]++] = k;
  }

  private cell = (value: number): number => Math.min(this.side - 1, Math.max(0, Math.floor(((value + 1) / 2) * this.side)));

  /** The point nearest to a place, no farther than `reach`; -1 where there is none. */
  at([x, y]: Place, reach: number): number {
    let [best, least] = [-1, reach * reach];
    for (let row = this.cell(y - reach); row <= this.cell(y + reach); row++) {
      const from = this.starts[row * this.side + this.cell(x - reach)];
      const to = this.starts[row * this.side + this.cell(x + reach) + 1];
      for (let place = from; place < to; place++) {
        const k = this.order[place];
        const far = (this.x[k] - x) ** 2 + (this.y[k] - y) ** 2;
        if (far <= least) [best, least] = [k, far];
      }
    }
    return best;
  }
}

/** The points within an outline, by their places in the arrays; none where it has fewer than three corners. */
export function within(x: Float32Array, y: Float32Array, outline: readonly Place[]): Int32Array {
  if (outline.length < 3) return new Int32Array();
  const [across, up] = [outline.map((place) => place[0]), outline.map((place) => place[1])];
  const [left, right, low, high] = [Math.min(...across), Math.max(...across), Math.min(...up), Math.max(...up)];
  const found: number[] = [];
  for (let k = 0; k < x.length; k++) {
    if (x[k] < left || x[k] > right || y[k] < low || y[k] > high) continue;
    let inside = false;
    for (let i = 0, j = across.length - 1; i < across.length; j = i++) {
      if (up[i] > y[k] !== up[j] > y[k] && x[k] < ((across[j] - across[i]) * (y[k] - up[i])) / (up[j] - up[i]) + across[i]) inside = !inside;
    }
    if (inside) found.push(k);
  }
  return Int32Array.from(found);
}

/** At most so many of an outline's corners, evenly, rounded to a thousandth: short enough for an address. */
export function thinned(outline: readonly Place[], most = 60): Place[] {
  const step = Math.max(1, outline.length / most);
  const kept = Array.from({ length: Math.min(outline.length, most) }, (_, k) => outline[Math.floor(k * step)]);
  return kept.map(([x, y]) => [Math.round(1000 * x) / 1000, Math.round(1000 * y) / 1000]);
}
