/** What lies under the labels: an image as one bitmap, or in tiles of the size that the window shows. */

import type { Point, Rect } from "../../model/bits";
import type { View } from "../../model/view";

export const TILE = 512;
const HELD = 320; // tiles; about a third of a gigabyte
const AT_ONCE = 6;

export interface ShownImage {
  readonly width: number;
  readonly height: number;
  /** The context maps the image's pixels to the window's. */
  draw(context: CanvasRenderingContext2D, view: View, windowWidth: number, windowHeight: number): void;
  /** RGBA of a box that lies inside the image. */
  pixels(box: Rect): Promise<ImageData>;
  /** Something small that shows all of it. */
  overview(): CanvasImageSource | null;
  close(): void;
}

export class WholeImage implements ShownImage {
  private read: OffscreenCanvasRenderingContext2D | null = null;

  constructor(private readonly bitmap: ImageBitmap) {}

  get width(): number {
    return this.bitmap.width;
  }

  get height(): number {
    return this.bitmap.height;
  }

  draw(context: CanvasRenderingContext2D): void {
    context.drawImage(this.bitmap, 0, 0);
  }

  async pixels(box: Rect): Promise<ImageData> {
    if (!this.read) {
      const canvas = new OffscreenCanvas(this.width, this.height);
      this.read = canvas.getContext("2d", { willReadFrequently: true })!;
      this.read.drawImage(this.bitmap, 0, 0);
    }
    return this.read.getImageData(box.x, box.y, box.w, box.h);
  }

  overview(): CanvasImageSource {
    return this.bitmap;
  }

  close(): void {
    this.bitmap.close();
  }
}

interface Size {
  w: number;
  h: number;
}

export class TiledImage implements ShownImage {
  /** Of each level; the first is the image's own. */
  readonly sizes: Size[];
  private readonly held = new Map<string, ImageBitmap>();
  /** Tiles of `held` that show another window; they stay until theirs come. */
  private readonly stale = new Set<string>();
  private readonly coming = new Set<string>();
  /** Which of several ways to fetch tiles is the newest. */
  private turn = 0;
  private readonly failed = new Set<string>();
  private wanted: string[] = [];
  private closed = false;
  private waiting: { names: string[]; go: () => void }[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
    levels: number,
    private fetchTile: (level: number, column: number, row: number) => Promise<ImageBitmap>,
    private readonly changed: () => void,
  ) {
    this.sizes = sizesOf(width, height, levels);
    this.want([`${levels - 1}/0/0`]);
  }

  /** The same image displayed otherwise: what is held stays until its like has come. */
  refetch(fetchTile: (level: number, column: number, row: number) => Promise<ImageBitmap>): void {
    this.fetchTile = fetchTile;
    this.turn++;
    this.failed.clear();
    for (const name of this.held.keys()) this.stale.add(name);
    this.want([`${this.sizes.length - 1}/0/0`]);
    this.changed();
  }

  private isFresh(name: string): boolean {
    return this.held.has(name) && !this.stale.has(name);
  }

  draw(context: CanvasRenderingContext2D, view: View, windowWidth: number, windowHeight: number): void {
    const last = this.sizes.length - 1;
    const level = Math.max(0, Math.min(last, Math.floor(Math.log2(1 / view.scale))));
    const names = this.covering(level, view.shown(windowWidth, windowHeight));
    this.paint(context, last, 0, 0, 0);
    for (const name of names) {
      const [, column, row] = name.split("/").map(Number);
      // Until it is there, its part of the nearest coarser tile that is.
      for (let up = 0; level + up <= last; up++) if (this.paint(context, level, column, row, up)) break;
    }
    this.want([`${last}/0/0`, ...names].filter((name) => !this.isFresh(name)));
  }

  async pixels(box: Rect): Promise<ImageData> {
    const names = this.covering(0, box);
    const missing = names.filter((name) => !this.isFresh(name) && !this.failed.has(name));
    if (missing.length)
      await new Promise<void>((go) => {
        this.waiting.push({ names: missing, go });
        this.want([...missing, ...this.wanted]);
      });
    const context = new OffscreenCanvas(box.w, box.h).getContext("2d")!;
    for (const name of names) {
      const [, column, row] = name.split("/").map(Number);
      const tile = this.held.get(name);
      if (tile) context.drawImage(tile, column * TILE - box.x, row * TILE - box.y);
    }
    return context.getImageData(0, 0, box.w, box.h);
  }

  overview(): CanvasImageSource | null {
    return this.held.get(`${this.sizes.length - 1}/0/0`) ?? null;
  }

  close(): void {
    this.closed = true;
    for (const bitmap of this.held.values()) bitmap.close();
    this.held.clear();
    for (const request of this.waiting) request.go();
  }

  /** Draw a tile, or its part of the tile `up` levels above it. False where that is not there. */
  private paint(context: CanvasRenderingContext2D, level: number, column: number, row: number, up: number): boolean {
    const name = `${level + up}/${column >> up}/${row >> up}`;
    const tile = this.held.get(name);
    if (!tile) return false;
    this.held.delete(name); // the last used come last
    this.held.set(name, tile);
    const own = this.sizes[level];
    const fx = this.width / own.w;
    const fy = this.height / own.h;
    const x = column * TILE;
    const y = row * TILE;
    const w = Math.min(TILE, own.w - x);
    const h = Math.min(TILE, own.h - y);
    if (!up) context.drawImage(tile, x * fx, y * fy, w * fx, h * fy);
    else {
      const part = 2 ** up;
      context.drawImage(
        tile, x / part - (column >> up) * TILE, y / part - (row >> up) * TILE, Math.max(1, w / part), Math.max(1, h / part),
        x * fx, y * fy, w * fx, h * fy,
      );
    }
    return true;
  }

  /** Tiles of a level that a box of the image touches, those in its middle first. */
  private covering(level: number, box: Rect): string[] {
    const { w, h } = this.sizes[level];
    const fx = w / this.width / TILE;
    const fy = h / this.height / TILE;
    const columns = [Math.max(0, Math.floor(box.x * fx)), Math.min(Math.ceil(w / TILE), Math.ceil((box.x + box.w) * fx))];
    const rows = [Math.max(0, Math.floor(box.y * fy)), Math.min(Math.ceil(h / TILE), Math.ceil((box.y + box.h) * fy))];
    const found: { name: string; far: number }[] = [];
    for (let row = rows[0]; row < rows[1]; row++)
      for (let column = columns[0]; column < columns[1]; column++) {
        const far = Math.hypot(column + 0.5 - (columns[0] + columns[1]) / 2, row + 0.5 - (rows[0] + rows[1]) / 2);
        found.push({ name: `${level}/${column}/${row}`, far });
      }
    return found.sort((a, b) => a.far - b.far).map((tile) => tile.name);
  }

  /** What is shown now comes first; what was wanted for a view that has passed is not asked for any more. */
  private want(names: string[]): void {
    this.wanted = names;
    while (this.coming.size < AT_ONCE && this.wanted.length && !this.closed) {
      const name = this.wanted.shift()!;
      if (this.isFresh(name) || this.coming.has(name) || this.failed.has(name)) continue;
      this.coming.add(name);
      const [level, column, row] = name.split("/").map(Number);
      const { turn } = this;
      this.fetchTile(level, column, row).then(
        (tile) => this.came(name, tile, turn),
        () => this.came(name, null, turn),
      );
    }
  }

  private came(name: string, tile: ImageBitmap | null, turn: number): void {
    this.coming.delete(name);
    if (this.closed) {
      tile?.close();
      return;
    }
    if (tile) {
      this.held.get(name)?.close();
      this.held.set(name, tile);
      // It was asked for before the last change: seen meanwhile, and asked for again.
      if (turn === this.turn) this.stale.delete(name);
      else this.stale.add(name);
    } else if (turn === this.turn) this.failed.add(name);
    if (turn === this.turn) for (const request of this.waiting) {
      request.names = request.names.filter((other) => other !== name);
      if (!request.names.length) request.go();
    }
    this.waiting = this.waiting.filter((request) => request.names.length);
    const needed = new Set(this.waiting.flatMap((request) => request.names));
    for (const old of this.held.keys()) {
      if (this.held.size <= HELD) break;
      if (old === `${this.sizes.length - 1}/0/0` || needed.has(old) || old === name) continue;
      this.held.get(old)!.close();
      this.held.delete(old);
      this.stale.delete(old);
    }
    this.want([...needed, ...this.wanted].filter((name) => !this.isFresh(name)));
    this.changed();
  }
}

export function sizesOf(width: number, height: number, levels: number): Size[] {
  const out = [{ w: width, h: height }];
  while (out.length < levels) {
    const { w, h } = out[out.length - 1];
    out.push({ w: (w + 1) >> 1, h: (h + 1) >> 1 });
  }
  return out;
}

const LONGEST = 160; // pixels of the overview's longer side

/** How large the overview of the whole image is, and what the window shows of it; none while that is most of it. */
export function minimap(image: ShownImage, view: View, windowWidth: number, windowHeight: number): { w: number; h: number; shown: Point[] } | null {
  const k = LONGEST / Math.max(image.width, image.height);
  const [w, h] = [image.width * k, image.height * k];
  const seen = view.shown(windowWidth, windowHeight);
  const part = (Math.min(seen.w, image.width) * Math.min(seen.h, image.height)) / (image.width * image.height);
  if (part > 0.6) return null;
  const shown = [
    { x: 0, y: 0 }, { x: windowWidth, y: 0 }, { x: windowWidth, y: windowHeight }, { x: 0, y: windowHeight },
  ].map((corner) => {
    const p = view.toImage(corner);
    return { x: p.x * k, y: p.y * k };
  });
  return { w, h, shown };
}
