/** The tool in hand, and the board that it works on. */

import { snapped } from "../../../model/snap";
import { Board } from "../../../parts/canvas/board";
import type { Bench, Tool } from "../../../parts/canvas/tool";
import { words } from "../../../strings";
import { Brush } from "../tools/brush";
import { Corners } from "../tools/corners";
import { Fill } from "../tools/fill";
import { Outline } from "../tools/outline";
import { Box, Click, Scribble } from "../tools/prompt";
import { Scissors } from "../tools/scissors";
import { Select } from "../tools/select";
import { Wand } from "../tools/wand";
import { abandon, ask, hover, keepAnswer, keepBegun } from "./asking";
import { hand, isBegun, isTooLittle, stow } from "./drafts";
import { commit, draw } from "./gestures";
import { takeAt } from "./shown";
import { rejectAt } from "./suggestions";
import { asking, begun, byObject, colourOf, current, desk, drawingNow, drawnColour, opacity, outlines, own, pointer, radius, selected, snap, toolName, underway, zoom } from "./state";
import { tell } from "./toast";
import { isTurning } from "./undo";
import { isPainting, level, levelling, look, lookNow, setLevelling } from "./window";

const SNAP = 9; // pixels of the screen

const bench: Bench = {
  get scene() {
    return desk.scene;
  },
  get view() {
    return desk.board!.view;
  },
  get radius() {
    return radius.value;
  },
  get selected() {
    return own();
  },
  get tint() {
    return `#${drawnColour().toString(16).padStart(6, "0")}`;
  },
  pixels: (box) => desk.board?.pixels(box) ?? null,
  snap: (at) => (snap.value ? snapped(desk.scene, at, Math.min(40, SNAP / desk.board!.view.scale), selected.value) : at),
  draw,
  commit,
  preview: (bits) => desk.board?.preview(bits),
  select: (id) => {
    selected.value = id;
    desk.board?.redraw();
  },
  take: takeAt,
  drop: rejectAt,
  ask: (prompts) => void ask(prompts),
  hover,
  confirm: keepAnswer,
  abandon,
  redraw: () => desk.board?.redraw(),
};

const makers: Record<string, () => Tool> = {
  brush: () => new Brush(bench, false), eraser: () => new Brush(bench, true), lasso: () => new Outline(bench, true),
  polygon: () => new Outline(bench, false), corners: () => new Corners(bench), scissors: () => new Scissors(bench),
  click: () => new Click(bench), box: () => new Box(bench), scribble: () => new Scribble(bench), wand: () => new Wand(bench), fill: () => new Fill(bench),
  select: () => new Select(bench),
};
export const toolNames = Object.keys(makers);

export function attach(canvas: HTMLCanvasElement): void {
  desk.board = new Board(canvas, () => ({
    opacity: opacity.value, outlines: outlines.value, byObject: byObject.value, colour: colourOf, selected: selected.value,
  }));
  desk.board.map = desk.map;
  desk.board.tint = drawnColour;
  desk.board.level = level;
  desk.board.over = (at) => {
    pointer.value = at && { x: Math.floor(at.x), y: Math.floor(at.y) };
    look(at);
  };
  desk.board.drawn = () => {
    zoom.value = desk.board?.view.scale ?? 1;
    begun.value = isBegun();
    underway.value = drawingNow();
  };
  setLevelling(levelling.value);
  // For tests and benchmarks.
  (window as unknown as { maskwright: unknown }).maskwright = {
    board: desk.board, scene: () => desk.scene, sync: () => desk.sync, number: () => current.value, asking: () => asking.value, layer: () => desk.layer,
    canUndo: () => desk.journal.canUndo, turning: isTurning, painting: isPainting, look: lookNow,
  };
  hand.take = pick;
  pick(toolName.value);
}

/** The board's canvas is about to go. */
export function detach(): void {
  stow();
  desk.board?.close();
  desk.board = null;
}

export function pick(name: string): void {
  keepBegun();
  if (isTooLittle()) tell(words.tooLittleGone(toolName.value));
  const { board } = desk;
  board?.tool?.cancel?.();
  toolName.value = name;
  if (board) board.tool = makers[name]();
  board?.redraw();
}
