import type { Point } from "../../../model/bits";
import { type Bench, type Press, removes, type Tool, trace } from "../../../parts/canvas/tool";

/** Clicks on and beside an object; the engine answers after each. Enter keeps the answer. */
export class Click implements Tool {
  private points: Point[] = [];
  private labels: number[] = [];

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.points.push({ x: at.x, y: at.y });
    this.labels.push(at.shift || removes(at) ? 0 : 1);
    this.bench.ask({ points: this.points, labels: this.labels });
    this.bench.redraw();
  }

  move(at: Press, pressed: boolean): void {
    if (!this.points.length && !pressed) this.bench.hover({ x: at.x, y: at.y });
  }

  confirm(): boolean {
    if (!this.points.length) return false;
    this.points = [];
    this.labels = [];
    this.bench.confirm();
    return true;
  }

  cancel(): void {
    this.points = [];
    this.labels = [];
    this.bench.preview(null);
  }

  draft(): unknown {
    return this.points.length ? { points: this.points, labels: this.labels } : null;
  }

  resume(draft: unknown): void {
    ({ points: this.points, labels: this.labels } = draft as { points: Point[]; labels: number[] });
    this.bench.ask({ points: this.points, labels: this.labels });
  }

  back(): boolean {
    if (!this.points.length) return false;
    this.points = this.points.slice(0, -1);
    this.labels = this.labels.slice(0, -1);
    if (this.points.length) this.bench.ask({ points: this.points, labels: this.labels });
    else this.bench.abandon();
    return true;
  }

  draw(context: CanvasRenderingContext2D): void {
    this.points.forEach((point, k) => {
      const p = this.bench.view.toScreen(point);
      context.fillStyle = this.labels[k] ? "#3d6" : "#e44";
      context.strokeStyle = "#fff";
      context.beginPath();
      context.arc(p.x, p.y, 5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    });
  }
}

/** A box around the object; further clicks correct. */
export class Box implements Tool {
  private begin: Point | null = null;
  private end: Point | null = null;
  private asked = false;

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.begin = at;
    this.end = at;
    this.asked = false;
  }

  move(at: Press, pressed: boolean): void {
    if (pressed && this.begin && !this.asked) this.end = at;
    this.bench.redraw();
  }

  up(at: Press): void {
    if (!this.begin) return;
    this.end = at;
    if (Math.abs(at.x - this.begin.x) > 2 && Math.abs(at.y - this.begin.y) > 2) {
      this.asked = true;
      this.bench.ask({ points: [], labels: [], box: [this.begin, at] });
    } else this.cancel();
  }

  confirm(): boolean {
    if (!this.asked) return false;
    this.begin = this.end = null;
    this.asked = false;
    this.bench.confirm();
    return true;
  }

  cancel(): void {
    this.begin = this.end = null;
    this.asked = false;
    this.bench.preview(null);
  }

  draft(): unknown {
    return this.asked ? { begin: this.begin, end: this.end } : null;
  }

  resume(draft: unknown): void {
    const { begin, end } = draft as { begin: Point; end: Point };
    [this.begin, this.end, this.asked] = [begin, end, true];
    this.bench.ask({ points: [], labels: [], box: [begin, end] });
  }

  back(): boolean {
    if (!this.begin) return false;
    this.bench.abandon();
    return true;
  }

  draw(context: CanvasRenderingContext2D): void {
    if (!this.begin || !this.end) return;
    const a = this.bench.view.toScreen(this.begin);
    const b = this.bench.view.toScreen(this.end);
    context.strokeStyle = "#fff";
    context.setLineDash([4, 3]);
    context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y);
    context.setLineDash([]);
  }
}

const MOST = 12; // points of one stroke that are asked about
const SPACING = 14; // pixels of the screen between them

/** Strokes on and beside an object, in place of single clicks. Shift or the right button: beside it. Enter keeps the answer. */
export class Scribble implements Tool {
  private strokes: { points: Point[]; label: number }[] = [];
  private drawing = false;

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.strokes.push({ points: [{ x: at.x, y: at.y }], label: at.shift || removes(at) ? 0 : 1 });
    this.drawing = true;
  }

  move(at: Press, pressed: boolean): void {
    if (pressed && this.drawing) this.strokes[this.strokes.length - 1].points.push({ x: at.x, y: at.y });
    this.bench.redraw();
  }

  up(): void {
    if (!this.drawing) return;
    this.drawing = false;
    this.ask();
  }

  private ask(): void {
    const spacing = SPACING / this.bench.view.scale;
    const chosen = this.strokes.map((stroke) => ({ points: along(stroke.points, spacing, MOST), label: stroke.label }));
    this.bench.ask({
      points: chosen.flatMap((stroke) => stroke.points), labels: chosen.flatMap((stroke) => stroke.points.map(() => stroke.label)),
    });
  }

  draft(): unknown {
    return this.strokes.length && !this.drawing ? this.strokes : null;
  }

  resume(draft: unknown): void {
    this.strokes = draft as { points: Point[]; label: number }[];
    this.ask();
  }

  back(): boolean {
    if (!this.strokes.length) return false;
    this.strokes.pop();
    if (this.strokes.length) this.ask();
    else this.bench.abandon();
    return true;
  }

  confirm(): boolean {
    if (!this.strokes.length) return false;
    this.strokes = [];
    this.bench.confirm();
    return true;
  }

  cancel(): void {
    this.strokes = [];
    this.drawing = false;
    this.bench.preview(null);
  }

  draw(context: CanvasRenderingContext2D): void {
    context.lineWidth = 4;
    context.lineCap = "round";
    for (const { points, label } of this.strokes) {
      context.strokeStyle = label ? "#3d6" : "#e44";
      trace(context, this.bench.view, points.length > 1 ? points : [points[0], points[0]], false);
    }
    context.lineCap = "butt";
  }
}

/** Points of a line, so far apart, at most so many; the first is always one. */
export function along(line: readonly Point[], spacing: number, most: number): Point[] {
  const out = [line[0]];
  let gone = 0;
  for (let k = 1; k < line.length; k++) {
    gone += Math.hypot(line[k].x - line[k - 1].x, line[k].y - line[k - 1].y);
    if (gone >= spacing) {
      out.push(line[k]);
      gone = 0;
    }
  }
  if (out.length <= most) return out;
  return Array.from({ length: most }, (_, k) => out[Math.round((k * (out.length - 1)) / (most - 1))]);
}
