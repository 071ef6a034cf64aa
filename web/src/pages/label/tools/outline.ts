import { Bits, type Point } from "../../../model/bits";
import { type Bench, held, near, type Press, type Tool, trace } from "../../../parts/canvas/tool";

/** Lasso (drawn) and polygon (clicked). Begun with Shift it adds to the chosen object, with Alt it takes away. A ring begun with Shift inside the last ring is a hole of it. */
export class Outline implements Tool {
  private rings: Point[][] = [];
  private ring: Point[] = [];
  private at: Point | null = null;
  private how = { adds: false, removes: false };

  constructor(private readonly bench: Bench, private readonly freehand: boolean) {}

  down(at: Press): void {
    if (this.freehand || (!this.ring.length && !this.rings.length)) this.how = held(at);
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

  back(): boolean {
    if (!this.ring.length && this.rings.length) this.ring = this.rings.pop()!; // a ring that was closed is open again
    const begun = this.ring.pop() !== undefined;
    this.bench.redraw();
    return begun;
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
      if (!inside.empty) this.bench.draw(this.freehand ? "lasso" : "polygon", inside, this.how);
    }
    this.bench.redraw();
  }

  draw(context: CanvasRenderingContext2D): void {
    const { view } = this.bench;
    context.strokeStyle = this.how.removes ? "#f66" : "#fff";
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
