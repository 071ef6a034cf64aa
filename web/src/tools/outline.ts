import { Bits, type Point } from "../model/bits";
import type { Bench, Press, Tool } from "./tool";

const NEAR = 9; // pixels of the screen

/** Lasso (drawn) and polygon (clicked). Alt takes away. A ring begun with Shift inside the last one is a hole of it. */
export class Outline implements Tool {
  private rings: Point[][] = [];
  private ring: Point[] = [];
  private at: Point | null = null;
  private removes = false;

  constructor(private readonly bench: Bench, private readonly freehand: boolean) {}

  down(at: Press): void {
    if (this.freehand || (!this.ring.length && !this.rings.length)) this.removes = at.alt || at.button === 2;
    if (this.freehand) {
      this.ring = [{ x: at.x, y: at.y }];
      return;
    }
    const first = this.ring[0];
    if (first && this.ring.length > 2 && this.near(first, at)) {
      this.closeRing();
      if (!at.shift) this.finish();
      return;
    }
    this.ring.push({ x: at.x, y: at.y });
    this.bench.redraw();
  }

  move(at: Press, pressed: boolean): void {
    this.at = at;
    if (this.freehand && pressed && this.ring.length) this.ring.push({ x: at.x, y: at.y });
    this.bench.redraw();
  }

  up(): void {
    if (!this.freehand || !this.ring.length) return;
    this.closeRing();
    this.finish();
  }

  double(): void {
    this.confirm();
  }

  confirm(): boolean {
    if (this.freehand || (!this.ring.length && !this.rings.length)) return false;
    this.closeRing();
    this.finish();
    return true;
  }

  cancel(): void {
    this.ring = [];
    this.rings = [];
    this.bench.redraw();
  }

  private near(a: Point, b: Point): boolean {
    return Math.hypot(a.x - b.x, a.y - b.y) * this.bench.view.scale < NEAR;
  }

  private closeRing(): void {
    if (this.ring.length > 2) this.rings.push(this.ring);
    this.ring = [];
  }

  private finish(): void {
    const rings = this.rings;
    this.rings = [];
    if (rings.length) {
      const { scene } = this.bench;
      const inside = Bits.polygon(rings, scene.width, scene.height);
      const removes = this.removes;
      if (!inside.empty)
        this.bench.commit(this.freehand ? "lasso" : "polygon", (bits) => (removes ? bits.minus(inside) : bits.or(inside)));
    }
    this.bench.redraw();
  }

  draw(context: CanvasRenderingContext2D): void {
    const { view } = this.bench;
    context.strokeStyle = this.removes ? "#f66" : "#fff";
    context.lineWidth = 1.5;
    for (const ring of [...this.rings, this.at && this.ring.length && !this.freehand ? [...this.ring, this.at] : this.ring]) {
      context.beginPath();
      ring.forEach((point, k) => {
        const p = view.toScreen(point);
        if (k) context.lineTo(p.x, p.y);
        else context.moveTo(p.x, p.y);
      });
      if (ring !== this.ring && this.rings.includes(ring)) context.closePath();
      context.stroke();
    }
    if (!this.freehand)
      for (const point of this.ring) {
        const p = view.toScreen(point);
        context.fillStyle = "#fff";
        context.fillRect(p.x - 2.5, p.y - 2.5, 5, 5);
      }
  }
}
