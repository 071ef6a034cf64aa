import { Bits, meet, type Point } from "../../../model/bits";
import { Livewire } from "../../../model/livewire";
import { type Bench, held, type Held, near, type Press, type Tool, traceDrawn } from "../../../parts/canvas/tool";

const REACH = 256; // pixels of the image around the last corner that the wire can follow

/** Intelligent scissors: between two clicks the line follows the edges of the image. Close on the first corner, or Enter. Begun with Shift it adds to the chosen object, with Alt it takes away. */
export class Scissors implements Tool {
  /** Kept pieces of the line, one a click; the first is a point. */
  private pieces: Point[][] = [];
  private wire: Livewire | null = null;
  private way: Point[] = [];
  private stance: Held = { adds: false, removes: false };

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    if (!this.pieces.length) {
      this.stance = held(at);
      const corner = this.bench.snap(at);
      this.pieces = [[{ x: corner.x, y: corner.y }]];
      this.seed(corner);
      return;
    }
    const first = this.pieces[0][0];
    if (this.pieces.length > 2 && near(this.bench.view, first, at)) {
      this.pieces.push(this.follow(first));
      this.finish();
      return;
    }
    const corner = this.bench.snap(at);
    this.pieces.push(this.follow(corner));
    this.seed(corner);
  }

  move(at: Press): void {
    if (this.pieces.length) this.way = this.follow(at);
    this.bench.redraw();
  }

  double(): void {
    if (!this.confirm()) this.cancel();
  }

  /** A single corner is not enclosing anything yet. */
  confirm(): boolean {
    if (this.pieces.length < 2) return false;
    this.pieces.push(this.follow(this.pieces[0][0]));
    this.finish();
    return true;
  }

  draft(): unknown {
    return this.pieces.length ? { pieces: this.pieces, how: this.stance } : null;
  }

  resume(draft: unknown): void {
    ({ pieces: this.pieces, how: this.stance } = draft as { pieces: Point[][]; how: Held });
    this.seed(this.pieces.at(-1)!.at(-1)!);
  }

  how(): Held {
    return this.pieces.length ? this.stance : { adds: false, removes: false };
  }

  cancel(): void {
    this.pieces = [];
    this.way = [];
    this.wire = null;
    this.bench.redraw();
  }

  draw(context: CanvasRenderingContext2D): void {
    const { view } = this.bench;
    const { tint } = this.bench;
    traceDrawn(context, view, [...this.pieces.flat(), ...this.way], tint);
    context.fillStyle = "#fff";
    for (const piece of this.pieces) {
      const p = view.toScreen(piece[piece.length - 1]);
      context.fillRect(p.x - 2.5, p.y - 2.5, 5, 5);
    }
  }

  /** Along edges where they are known, straight otherwise; it ends where the person pointed. */
  private follow(to: Point): Point[] {
    const last = this.pieces[this.pieces.length - 1];
    const from = last[last.length - 1];
    return [from, ...(this.wire?.to(to).slice(1, -1) ?? []), { x: to.x, y: to.y }];
  }

  back(): boolean {
    const gone = this.pieces.pop();
    const last = this.pieces.at(-1);
    if (last) this.seed(last[last.length - 1]);
    else this.cancel();
    this.bench.redraw();
    return gone !== undefined;
  }

  private seed(at: Point): void {
    const { scene } = this.bench;
    this.wire = null;
    this.way = [];
    const box = meet(
      { x: Math.floor(at.x) - REACH, y: Math.floor(at.y) - REACH, w: 2 * REACH + 1, h: 2 * REACH + 1 }, scene.box,
    );
    if (!box) return;
    const count = this.pieces.length;
    void this.bench.pixels(box)?.then((pixels) => {
      if (this.pieces.length === count) this.wire = new Livewire(pixels, box, at);
    });
  }

  private finish(): void {
    const ring = this.pieces.flat();
    const how = this.stance;
    this.cancel();
    const { scene } = this.bench;
    const inside = Bits.polygon([ring], scene.width, scene.height);
    if (!inside.empty) this.bench.draw("scissors", inside, how);
  }
}
