import { Bits, type Point } from "../../../model/bits";
import { type Bench, near, type Press, removes, type Tool, trace } from "../../../parts/canvas/tool";

/** Lasso (drawn) and polygon (clicked). Alt takes away. A ring begun with Shift inside the last ring is a hole of it. */
export class Outline implements Tool {
  private rings: Point[][] = [];
  private ring: Point[] = [];
  private at: Point | null = null;
  private removes = false;

  constructor(private readonly bench: Bench, private readonly freehand: boolean) {}

  down(at: Press): void {
    if (this.freehand || (!this.ring.length && !this.rings.length)) this.removes = removes(at);
    if (this.freehand) {
      this.ring = [{ x: at.x, y: at.y }];
      return;
    }
    const first = this.ring[0];
    if (first && this.ring.length > 2 && near(this.bench.view, first, at)) {
      this.closeRing();
      if (!at.shift) this.finish();
      return;
    }
    const corner = this.bench.snap(at);
    this.ring.push({ x: corner.x, y: corner.y });
    this.bench.redraw();
  }

  move(at: Press, pressed: boolean): void {
    this.at = this.freehand ? at : this.bench.snap(at);
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
    for (const ring of this.rings) trace(context, view, ring, true);
    trace(context, view, this.at && this.ring.length && !this.freehand ? [...this.ring, this.at] : this.ring, false);
    if (!this.freehand)
      for (const point of this.ring) {
        const p = view.toScreen(point);
        context.fillStyle = "#fff";
        context.fillRect(p.x - 2.5, p.y - 2.5, 5, 5);
      }
  }
}
