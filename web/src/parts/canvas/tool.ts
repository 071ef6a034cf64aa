/** What a tool is, and what it may use. */

import type { Bits, Point, Rect } from "../../model/bits";
import type { Scene, Segment } from "../../model/scene";
import type { View } from "../../model/view";

export interface Bench {
  readonly scene: Scene;
  readonly view: View;
  readonly radius: number;
  readonly selected: Segment | null;
  /** Colour of what is drawn and not finished: the class's, white where it is taken away. */
  readonly tint: string;
  /** Pixels of a box inside the image, RGBA; null where no image is shown. */
  pixels(box: Rect): Promise<ImageData> | null;
  /** Where a corner belongs: at the nearest border, when that is asked for. */
  snap(at: Point): Point;
  /** What was drawn becomes a new object of the chosen class, or part of the chosen object where that is asked for; one gesture. */
  draw(kind: string, bits: Bits, held: { adds?: boolean; removes?: boolean }): void;
  /** Change the chosen object; one gesture. */
  commit(kind: string, change: (bits: Bits) => Bits): void;
  /** Show bits that are not an object yet; null takes them away. */
  preview(bits: Bits | null): void;
  select(id: number | null): void;
  /** Reject the object that is suggested here. False where there is none. */
  drop(at: Point): boolean;
  /** Take the object that is suggested here. False where there is none. */
  take(at: Point): boolean;
  ask(prompts: { points: Point[]; labels: number[]; box?: [Point, Point] }): void;
  /** What a click here would give, if the person waits. */
  hover(at: Point): void;
  confirm(): void;
  /** Let go of the question that is open. */
  abandon(): void;
  redraw(): void;
}

export interface Press extends Point {
  readonly shift: boolean;
  readonly alt: boolean;
  readonly button: number;
}

/** Alt or the right button: take away. */
export const removes = (at: Press): boolean => at.alt || at.button === 2;

export interface Held {
  readonly adds: boolean;
  readonly removes: boolean;
}

/** Shift: add to the chosen object. Alt or the right button: take away from it. */
export const held = (at: Press): Held => ({ adds: at.shift, removes: removes(at) });

/** Are two places of the image as good as one on the screen? */
export const near = (view: View, a: Point, b: Point): boolean => Math.hypot(a.x - b.x, a.y - b.y) * view.scale < 9;

/** Draw corners of the image joined by lines, closed or not. */
export function trace(context: CanvasRenderingContext2D, view: View, corners: readonly Point[], closed: boolean): void {
  context.beginPath();
  corners.forEach((corner, k) => {
    const p = view.toScreen(corner);
    if (k) context.lineTo(p.x, p.y);
    else context.moveTo(p.x, p.y);
  });
  if (closed) context.closePath();
  context.stroke();
}

/** Lines of what is drawn and not finished: of its colour, in a white rim with a dark line around it. */
export function traceDrawn(context: CanvasRenderingContext2D, view: View, corners: readonly Point[], tint: string): void {
  for (const [width, colour] of [[6, "#000"], [4.5, "#fff"], [2.5, tint]] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    trace(context, view, corners, false);
  }
}

export interface Tool {
  down?(at: Press): void;
  move?(at: Press, pressed: boolean): void;
  up?(at: Press): void;
  double?(at: Press): void;
  draw?(context: CanvasRenderingContext2D): void;
  cancel?(): void;
  /** What is under way, or what the tool would do unless keys say otherwise: does it add, does it take away? */
  how?(): Held;
  /** Enter. True where the tool had something to finish. */
  confirm?(): boolean;
  /** Take back the last corner, point or stroke of what is not finished yet. False where nothing is begun. */
  back?(): boolean;
  /** What is begun and not finished, as plain values that `resume` takes; null where nothing is. */
  draft?(): unknown;
  resume?(draft: unknown): void;
}
