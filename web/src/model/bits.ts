/** A mask as a bitmap of its box, row by row, one byte a pixel. Never changed once made. */

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Point {
  x: number;
  y: number;
}

export class Bits implements Rect {
  constructor(
    readonly x: number,
    readonly y: number,
    readonly w: number,
    readonly h: number,
    readonly data: Uint8Array,
  ) {}

  static readonly none = new Bits(0, 0, 0, 0, new Uint8Array(0));

  static fromCounts(counts: ArrayLike<number>, width: number, height: number): Bits {
    let left = width;
    let right = -1;
    let top = height;
    let bottom = -1;
    let at = 0;
    for (let k = 0; k < counts.length; k++) {
      const end = at + counts[k];
      if (k % 2 && counts[k]) {
        const first = Math.floor(at / height);
        const last = Math.floor((end - 1) / height);
        left = Math.min(left, first);
        right = Math.max(right, last);
        if (first === last) {
          top = Math.min(top, at - first * height);
          bottom = Math.max(bottom, end - 1 - first * height);
        } else {
          top = 0;
          bottom = height - 1;
        }
      }
      at = end;
    }
    if (at !== width * height) throw new Error("the run lengths are for another size");
    if (right < 0) return Bits.none;
    const w = right - left + 1;
    const h = bottom - top + 1;
    const data = new Uint8Array(w * h);
    at = 0;
    for (let k = 0; k < counts.length; k++) {
      const end = at + counts[k];
      if (k % 2) {
        let x = Math.floor(at / height);
        let y = at - x * height;
        for (let p = at; p < end; p++) {
          data[(y - top) * w + (x - left)] = 1;
          if (++y === height) {
            y = 0;
            x++;
          }
        }
      }
      at = end;
    }
    return new Bits(left, top, w, h, data).trimmed();
  }

  toCounts(width: number, height: number): number[] {
    const out: number[] = [];
    let on = 0;
    let run = 0;
    const emit = (value: number, length: number) => {
      if (!length) return;
      if (value === on) run += length;
      else {
        out.push(run);
        on = value;
        run = length;
      }
    };
    emit(0, this.x * height);
    for (let x = 0; x < this.w; x++) {
      emit(0, this.y);
      for (let y = 0; y < this.h; y++) emit(this.data[y * this.w + x], 1);
      emit(0, height - this.y - this.h);
    }
    emit(0, (width - this.x - this.w) * height);
    out.push(run);
    return out;
  }

  has(x: number, y: number): boolean {
    const px = x - this.x;
    const py = y - this.y;
    return px >= 0 && py >= 0 && px < this.w && py < this.h && this.data[py * this.w + px] === 1;
  }

  area(): number {
    let sum = 0;
    for (const pixel of this.data) sum += pixel;
    return sum;
  }

  get empty(): boolean {
    return !this.data.includes(1);
  }

  /** The smallest box that holds every pixel. */
  trimmed(): Bits {
    let left = this.w;
    let right = -1;
    let top = -1;
    let bottom = -1;
    for (let y = 0; y < this.h; y++) {
      const row = this.data.subarray(y * this.w, (y + 1) * this.w);
      const first = row.indexOf(1);
      if (first < 0) continue;
      if (top < 0) top = y;
      bottom = y;
      left = Math.min(left, first);
      right = Math.max(right, row.lastIndexOf(1));
    }
    if (right < 0) return Bits.none;
    if (left === 0 && top === 0 && right === this.w - 1 && bottom === this.h - 1) return this;
    return this.window({ x: this.x + left, y: this.y + top, w: right - left + 1, h: bottom - top + 1 });
  }

  /** The same pixels in another box; those outside it are left out. */
  window(box: Rect): Bits {
    const data = new Uint8Array(box.w * box.h);
    const x0 = Math.max(this.x, box.x);
    const x1 = Math.min(this.x + this.w, box.x + box.w);
    for (let y = Math.max(this.y, box.y); y < Math.min(this.y + this.h, box.y + box.h); y++) {
      if (x1 <= x0) break;
      const from = (y - this.y) * this.w + (x0 - this.x);
      data.set(this.data.subarray(from, from + x1 - x0), (y - box.y) * box.w + (x0 - box.x));
    }
    return new Bits(box.x, box.y, box.w, box.h, data);
  }

  or(other: Bits): Bits {
    if (!other.w) return this;
    if (!this.w) return other;
    const out = this.window(around(this, other));
    paint(out, other, 1);
    return out;
  }

  minus(other: Bits): Bits {
    if (!meet(this, other)) return this;
    const out = this.window(this);
    paint(out, other, 0);
    return out.trimmed();
  }

  and(other: Bits): Bits {
    const box = meet(this, other);
    if (!box) return Bits.none;
    const a = this.window(box);
    const b = other.window(box);
    return new Bits(box.x, box.y, box.w, box.h, a.data.map((value, k) => value & b.data[k])).trimmed();
  }

  equals(other: Bits): boolean {
    const a = this.trimmed();
    const b = other.trimmed();
    if (a.x !== b.x || a.y !== b.y || a.w !== b.w || a.h !== b.h) return !a.w && !b.w;
    return a.data.every((value, k) => value === b.data[k]);
  }

  /** Each pixel within `radius` of a pixel that is in, inside the image. */
  grown(radius: number, width: number, height: number): Bits {
    if (!this.w) return this;
    const r = Math.ceil(radius);
    const box = clip({ x: this.x - r, y: this.y - r, w: this.w + 2 * r, h: this.h + 2 * r }, width, height);
    const near = distances(this.window(box));
    return new Bits(box.x, box.y, box.w, box.h, Uint8Array.from(near, (distance) => (distance <= radius * radius ? 1 : 0)));
  }

  /** Without the pixels within `radius` of a pixel that is out; the image's edge does not count. */
  shrunk(radius: number, width: number, height: number): Bits {
    if (!this.w) return this;
    const r = Math.ceil(radius);
    const box = clip({ x: this.x - r, y: this.y - r, w: this.w + 2 * r, h: this.h + 2 * r }, width, height);
    const inside = this.window(box);
    const off = distances(new Bits(box.x, box.y, box.w, box.h, inside.data.map((value) => 1 - value)));
    return new Bits(box.x, box.y, box.w, box.h, inside.data.map((value, k) => (value && off[k] > radius * radius ? 1 : 0))).trimmed();
  }

  /** Opening, then closing. */
  smoothed(radius: number, width: number, height: number): Bits {
    const opened = this.shrunk(radius, width, height).grown(radius, width, height);
    return opened.grown(radius, width, height).shrunk(radius, width, height);
  }

  /** Parts that hang together by edges or corners, largest first. */
  parts(): Bits[] {
    const label = new Int32Array(this.data.length);
    const out: Bits[] = [];
    const stack: number[] = [];
    for (let seed = 0; seed < this.data.length; seed++) {
      if (!this.data[seed] || label[seed]) continue;
      const own = new Uint8Array(this.data.length);
      label[seed] = out.length + 1;
      stack.push(seed);
      while (stack.length) {
        const at = stack.pop()!;
        own[at] = 1;
        const x = at % this.w;
        const y = (at - x) / this.w;
        for (let ny = Math.max(0, y - 1); ny <= Math.min(this.h - 1, y + 1); ny++)
          for (let nx = Math.max(0, x - 1); nx <= Math.min(this.w - 1, x + 1); nx++) {
            const next = ny * this.w + nx;
            if (this.data[next] && !label[next]) {
              label[next] = out.length + 1;
              stack.push(next);
            }
          }
      }
      out.push(new Bits(this.x, this.y, this.w, this.h, own).trimmed());
    }
    return out.sort((a, b) => b.area() - a.area());
  }

  /** Every hole closed: what cannot reach the outside by edges. */
  filled(): Bits {
    const w = this.w + 2;
    const h = this.h + 2;
    const wide = this.window({ x: this.x - 1, y: this.y - 1, w, h });
    const outside = new Uint8Array(w * h);
    const stack = [0];
    outside[0] = 1;
    while (stack.length) {
      const at = stack.pop()!;
      const x = at % w;
      for (const next of [x > 0 ? at - 1 : -1, x < w - 1 ? at + 1 : -1, at - w, at + w])
        if (next >= 0 && next < w * h && !outside[next] && !wide.data[next]) {
          outside[next] = 1;
          stack.push(next);
        }
    }
    return new Bits(wide.x, wide.y, w, h, outside.map((value) => 1 - value)).trimmed();
  }

  /** A disk. */
  static disk(at: Point, radius: number, width: number, height: number): Bits {
    return Bits.stroke(at, at, radius, width, height);
  }

  /** All pixels whose centre is within `radius` of the line from a to b; always the pixels the ends are on. */
  static stroke(a: Point, b: Point, radius: number, width: number, height: number): Bits {
    const r = Math.max(radius, 0.5);
    const box = clip(
      spanning([
        { x: a.x - r, y: a.y - r },
        { x: a.x + r, y: a.y + r },
        { x: b.x - r, y: b.y - r },
        { x: b.x + r, y: b.y + r },
      ]),
      width, height,
    );
    const data = new Uint8Array(box.w * box.h);
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const length = dx * dx + dy * dy;
    for (let y = 0; y < box.h; y++)
      for (let x = 0; x < box.w; x++) {
        const px = box.x + x + 0.5 - a.x;
        const py = box.y + y + 0.5 - a.y;
        const t = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
        const ex = px - t * dx;
        const ey = py - t * dy;
        if (ex * ex + ey * ey <= r * r) data[y * box.w + x] = 1;
      }
    for (const end of [a, b]) {
      const x = Math.floor(end.x) - box.x;
      const y = Math.floor(end.y) - box.y;
      if (x >= 0 && y >= 0 && x < box.w && y < box.h) data[y * box.w + x] = 1;
    }
    return new Bits(box.x, box.y, box.w, box.h, data).trimmed();
  }

  /** Pixels whose centre lies inside the rings by the even-odd rule: further rings are holes, or parts. */
  static polygon(rings: Point[][], width: number, height: number): Bits {
    const box = clip(spanning(rings.flat()), width, height);
    const data = new Uint8Array(box.w * box.h);
    for (let y = 0; y < box.h; y++) {
      const centre = box.y + y + 0.5;
      const cuts: number[] = [];
      for (const ring of rings)
        for (let k = 0; k < ring.length; k++) {
          const p = ring[k];
          const q = ring[(k + 1) % ring.length];
          if (p.y <= centre !== q.y <= centre) cuts.push(p.x + ((centre - p.y) * (q.x - p.x)) / (q.y - p.y));
        }
      cuts.sort((a, b) => a - b);
      for (let k = 0; k + 1 < cuts.length; k += 2) {
        const from = Math.max(0, Math.ceil(cuts[k] - 0.5 - box.x));
        const to = Math.min(box.w, Math.ceil(cuts[k + 1] - 0.5 - box.x));
        if (to > from) data.fill(1, y * box.w + from, y * box.w + to);
      }
    }
    return new Bits(box.x, box.y, box.w, box.h, data).trimmed();
  }
}

export function around(a: Rect, b: Rect): Rect {
  if (!a.w) return b;
  if (!b.w) return a;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

export function meet(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const w = Math.min(a.x + a.w, b.x + b.w) - x;
  const h = Math.min(a.y + a.h, b.y + b.h) - y;
  return w > 0 && h > 0 ? { x, y, w, h } : null;
}

function clip(box: Rect, width: number, height: number): Rect {
  return meet(box, { x: 0, y: 0, w: width, h: height }) ?? { x: 0, y: 0, w: 0, h: 0 };
}

function spanning(points: Point[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const p of points) {
    left = Math.min(left, p.x);
    right = Math.max(right, p.x);
    top = Math.min(top, p.y);
    bottom = Math.max(bottom, p.y);
  }
  if (right < left) return { x: 0, y: 0, w: 0, h: 0 };
  const x = Math.floor(left);
  const y = Math.floor(top);
  return { x, y, w: Math.ceil(right) - x + 1, h: Math.ceil(bottom) - y + 1 };
}

function paint(out: Bits, other: Bits, value: 0 | 1): void {
  const box = meet(out, other);
  if (!box) return;
  for (let y = box.y; y < box.y + box.h; y++) {
    let to = (y - out.y) * out.w + (box.x - out.x);
    let from = (y - other.y) * other.w + (box.x - other.x);
    for (let x = 0; x < box.w; x++, to++, from++) if (other.data[from]) out.data[to] = value;
  }
}

/** Squared distance of each pixel to the nearest that is in (Felzenszwalb and Huttenlocher, 2012). */
function distances(bits: Bits): Float64Array {
  const { w, h } = bits;
  const far = 1e12;
  const grid = Float64Array.from(bits.data, (value) => (value ? 0 : far));
  const line = new Float64Array(Math.max(w, h));
  const at = new Int32Array(Math.max(w, h));
  const edge = new Float64Array(Math.max(w, h) + 1);
  const pass = (offset: number, step: number, length: number) => {
    for (let k = 0; k < length; k++) line[k] = grid[offset + k * step];
    let top = 0;
    at[0] = 0;
    edge[0] = -Infinity;
    edge[1] = Infinity;
    for (let q = 1; q < length; q++) {
      let s: number;
      for (;;) {
        const v = at[top];
        s = (line[q] + q * q - line[v] - v * v) / (2 * q - 2 * v);
        if (s > edge[top]) break;
        top--;
      }
      at[++top] = q;
      edge[top] = s;
      edge[top + 1] = Infinity;
    }
    top = 0;
    for (let q = 0; q < length; q++) {
      while (edge[top + 1] < q) top++;
      grid[offset + q * step] = (q - at[top]) ** 2 + line[at[top]];
    }
  };
  for (let x = 0; x < w; x++) pass(x, w, h);
  for (let y = 0; y < h; y++) pass(y * w, 1, w);
  return grid;
}
