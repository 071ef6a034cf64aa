/** What a tool is, and what it may use. */

import type { Bits, Point } from "../model/bits";
import type { Scene, Thing } from "../model/scene";
import type { View } from "../model/view";

export interface Bench {
  readonly scene: Scene;
  readonly view: View;
  readonly radius: number;
  readonly selected: Thing | null;
  /** Pixels of the picture, RGBA, once it is there. */
  pixels(): ImageData | null;
  /** Make the bits the selected object's, or a new object of the chosen class; one gesture. */
  commit(kind: string, change: (bits: Bits) => Bits): void;
  /** Show bits that are not an object yet; null takes them away. */
  preview(bits: Bits | null): void;
  select(id: number | null): void;
  ask(prompts: { points: Point[]; labels: number[]; box?: [Point, Point] }): void;
  /** What a click here would give, if the person waits. */
  hover(at: Point): void;
  confirm(): void;
  redraw(): void;
}

export interface Press extends Point {
  readonly shift: boolean;
  readonly alt: boolean;
  readonly button: number;
}

export interface Tool {
  down?(at: Press): void;
  move?(at: Press, pressed: boolean): void;
  up?(at: Press): void;
  double?(at: Press): void;
  draw?(context: CanvasRenderingContext2D): void;
  cancel?(): void;
  /** Enter. True where the tool had something to finish. */
  confirm?(): boolean;
}
