import { Bits, type Point } from "../../../model/bits";
import { type Bench, held, type Held, near, type Press, type Tool, traceDrawn } from "../../../parts/canvas/tool";

/** Lasso (drawn) and polygon (clicked). Begun with Shift it adds to the chosen object, with Alt it takes away; which keys are held when it is closed does not matter. */
export class Outline implements Tool {
  private ring: Point[] = [];
  private at: Point | null = null;
  private stance: Held = { adds: false, removes: false };

  constructor(private readonly bench: Bench, private readonly freehand: boolean) {}

  down(at: Press): void {
    if (this.freehand || !this.ring.length) this.stance = held(at);
    if (this.freehand) {
      this.ring = [{ x: at.x, y: at.y }];
      return;
    }
    const first = this.ring[0];
    if (first && this.ring.length > 2 && near(this.bench.view, first, at)) {
      this.finish();
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
    if (this.freehand && this.ring.length) this.finish();
  }

  double(): void {
    if (!this.freehand && !this.confirm()) this.cancel();
  }

  /** Two corners are not enclosing anything yet. */
  confirm(): boolean {
    if (this.freehand || this.ring.length < 3) return false;
    this.finish();
    return true;
  }

  draft(): unknown {
    return this.freehand || !this.ring.length ? null : { ring: this.ring, how: this.stance };
  }

  resume(draft: unknown): void {
    ({ ring: this.ring, how: this.stance } = draft as { ring: Point[]; how: Held });
  }

  how(): Held {
    return this.ring.length ? this.stance : { adds: false, removes: false };
  }

  cancel(): void {
    this.ring = [];
    this.bench.redraw();
  }

  back(): boolean {
    const begun = this.ring.pop() !== undefined;
    this.bench.redraw();
    return begun;
  }

  private finish(): void {
    const { ring } = this;
    this.ring = [];
    const { scene } = this.bench;
    const inside = ring.length > 2 ? Bits.polygon([ring], scene.width, scene.height) : Bits.none;
    if (!inside.empty) this.bench.draw(this.freehand ? "lasso" : "polygon", inside, this.stance);
    this.bench.redraw();
  }

  draw(context: CanvasRenderingContext2D): void {
    const { view } = this.bench;
    traceDrawn(context, view, this.at && this.ring.length && !this.freehand ? [...this.ring, this.at] : this.ring, this.bench.tint);
    if (!this.freehand)
      for (const point of this.ring) {
        const p = view.toScreen(point);
        context.fillStyle = "#fff";
        context.fillRect(p.x - 2.5, p.y - 2.5, 5, 5);
      }
  }
}
