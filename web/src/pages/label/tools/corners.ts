import { Bits, type Point } from "../../../model/bits";
import { rings, simplified } from "../../../model/outline";
import { type Bench, near, type Press, removes, type Tool, trace } from "../../../parts/canvas/tool";

/**
 * The chosen object's outlines as polygons: drag a corner, drag an edge to make one, Alt or the right button takes one away.
 * Only what lies between the old and the new polygon changes: the rest of the mask keeps every pixel.
 */
export class Corners implements Tool {
  private rings: Point[][] = [];
  /** Whose outlines they are, and of which bits. */
  private owner: number | null = null;
  private bits: Bits | null = null;
  private held: { ring: number; corner: number; before: Point[][] } | null = null;

  constructor(private readonly bench: Bench) {
    this.look();
  }

  down(at: Press): void {
    this.look();
    const found = this.nearest(at);
    if (!found) {
      this.bench.select(this.bench.scene.at(at.x, at.y)?.id ?? null);
      this.look();
      return;
    }
    const before = this.rings.map((ring) => [...ring]);
    if (removes(at)) {
      if (found.edge) return;
      const ring = this.rings[found.ring].filter((_, k) => k !== found.corner);
      if (ring.length > 2) this.rings[found.ring] = ring;
      else this.rings.splice(found.ring, 1);
      this.keep(before);
      return;
    }
    let { corner } = found;
    if (found.edge) this.rings[found.ring].splice(++corner, 0, { x: at.x, y: at.y });
    this.held = { ring: found.ring, corner, before };
  }

  move(at: Press, pressed: boolean): void {
    if (this.held && pressed) {
      const { x, y } = this.bench.snap(at);
      this.rings[this.held.ring][this.held.corner] = { x, y };
    } else this.look();
    this.bench.redraw();
  }

  up(): void {
    const { held } = this;
    this.held = null;
    if (held) this.keep(held.before);
  }

  cancel(): void {
    if (this.held) this.rings = this.held.before;
    this.held = null;
    this.bench.redraw();
  }

  draw(context: CanvasRenderingContext2D): void {
    this.look();
    const { view } = this.bench;
    for (const ring of this.rings) {
      context.strokeStyle = "#fff";
      context.lineWidth = 1.5;
      trace(context, view, ring, true);
      for (const corner of ring) {
        const p = view.toScreen(corner);
        context.fillStyle = "#fff";
        context.strokeStyle = "#000";
        context.lineWidth = 1;
        context.fillRect(p.x - 3, p.y - 3, 6, 6);
        context.strokeRect(p.x - 3, p.y - 3, 6, 6);
      }
    }
  }

  /** Outlines of the object as it is now; those that this tool drew itself are kept as they were drawn. */
  private look(): void {
    const segment = this.bench.selected;
    if (this.held || (segment?.bits === this.bits && segment?.id === this.owner)) return;
    this.owner = segment?.id ?? null;
    this.bits = segment?.bits ?? null;
    const tolerance = Math.max(1, 2.5 / this.bench.view.scale);
    this.rings = segment ? rings(segment.bits).map((ring) => simplified(ring, tolerance)) : [];
  }

  private nearest(at: Point): { ring: number; corner: number; edge: boolean } | null {
    const { view } = this.bench;
    for (const [k, ring] of this.rings.entries())
      for (const [n, corner] of ring.entries()) if (near(view, corner, at)) return { ring: k, corner: n, edge: false };
    for (const [k, ring] of this.rings.entries())
      for (const [n, p] of ring.entries()) {
        const q = ring[(n + 1) % ring.length];
        const length = (q.x - p.x) ** 2 + (q.y - p.y) ** 2;
        const t = length ? Math.max(0, Math.min(1, ((at.x - p.x) * (q.x - p.x) + (at.y - p.y) * (q.y - p.y)) / length)) : 0;
        if (near(view, { x: p.x + t * (q.x - p.x), y: p.y + t * (q.y - p.y) }, at)) return { ring: k, corner: n, edge: true };
      }
    return null;
  }

  private keep(before: Point[][]): void {
    const { width, height } = this.bench.scene;
    const was = Bits.polygon(before, width, height);
    const is = Bits.polygon(this.rings, width, height);
    const rings = this.rings;
    this.bench.commit("corners", (bits) => bits.minus(was.minus(is)).or(is.minus(was)));
    const segment = this.bench.selected;
    this.owner = segment?.id ?? null;
    this.bits = segment?.bits ?? null;
    this.rings = segment ? rings : [];
    this.bench.redraw();
  }
}
