import { Bits, type Point } from "../../../model/bits";
import { type Bench, held, type Held, type Press, type Tool } from "../../../parts/canvas/tool";

/** Paints, or takes away; right button or Alt does the other, Shift adds to the chosen object. A stroke is one gesture. */
export class Brush implements Tool {
  private last: Point | null = null;
  private stroke = Bits.none;
  private stance = { adds: false, removes: false };
  private at: Point | null = null;

  constructor(private readonly bench: Bench, private readonly eraser: boolean) {}

  down(at: Press): void {
    const { adds, removes } = held(at);
    this.stance = { adds, removes: this.eraser !== removes };
    this.stroke = Bits.none;
    this.last = at;
    this.add(at);
  }

  move(at: Press, pressed: boolean): void {
    this.at = at;
    if (pressed && this.last) this.add(at);
    this.bench.redraw();
  }

  up(at: Press): void {
    if (!this.last) return;
    this.add(at);
    this.last = null;
    this.bench.preview(null);
    this.bench.draw(this.stance.removes ? "eraser" : "brush", this.stroke, this.stance);
  }

  how(): Held {
    return this.last ? this.stance : { adds: false, removes: this.eraser };
  }

  cancel(): void {
    this.last = null;
    this.bench.preview(null);
  }

  private add(at: Point): void {
    const { scene, radius } = this.bench;
    this.stroke = this.stroke.or(Bits.stroke(this.last ?? at, at, radius, scene.width, scene.height));
    this.last = at;
    this.bench.preview(this.stroke);
  }

  draw(context: CanvasRenderingContext2D): void {
    if (!this.at) return;
    const { view, radius } = this.bench;
    const centre = view.toScreen(this.at);
    context.strokeStyle = "white";
    context.lineWidth = 1;
    context.beginPath();
    context.arc(centre.x, centre.y, Math.max(1, radius * view.scale), 0, 2 * Math.PI);
    context.stroke();
    context.strokeStyle = "black";
    context.beginPath();
    context.arc(centre.x, centre.y, Math.max(1, radius * view.scale) + 1, 0, 2 * Math.PI);
    context.stroke();
  }
}
