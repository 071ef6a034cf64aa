import type { Point } from "../model/bits";
import type { Bench, Press, Tool } from "./tool";

/** Clicks on and beside an object; the engine answers after each. Enter keeps the answer. */
export class Click implements Tool {
  private points: Point[] = [];
  private labels: number[] = [];

  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.points.push({ x: at.x, y: at.y });
    this.labels.push(at.shift || at.alt || at.button === 2 ? 0 : 1);
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
