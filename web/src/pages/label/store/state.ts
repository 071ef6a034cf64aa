/** What the label page knows. Whoever changes it lives in the files beside this one. */

import { signal } from "@preact/signals";
import type { ImageInfo, Job, WireSegment } from "../../../api/client";
import type { State } from "../../../model/commands";
import { Scene, type Segment } from "../../../model/scene";
import type { Board } from "../../../parts/canvas/board";
import { Journal, MemoryLedger } from "../../../store/journal";
import type { Layer } from "../../../store/pending";
import { project } from "../../../store/project";
import type { Sync } from "../../../store/sync";
import * as keys from "./keys";

/** instance: objects may overlap.  panoptic: no two share a pixel, and stuff is one object a class.  semantic: every class is. */
export type Mode = "instance" | "panoptic" | "semantic";

/** new: what is drawn is an object of its own.  add, subtract: it is put to the chosen object, or taken from it.
 * refine: engines are asked about the chosen object, and what else is drawn is added to it. */
export const DRAWINGS = ["new", "add", "subtract", "refine"] as const;
export type Drawing = (typeof DRAWINGS)[number];

export const current = signal<number | null>(null);
export const selected = signal<number | null>(null);
export const classId = signal<number>(1);
export const toolName = signal("brush");
export const drawing = signal<Drawing>("new");
/** Where the pointer is on the image, and how large the image is shown. */
export const pointer = signal<{ x: number; y: number } | null>(null);
export const zoom = signal(1);
export const radius = signal(12);
export const opacity = signal(0.45);
export const brightness = signal(1);
export const contrast = signal(1);
export const outlines = signal(true);
export const byObject = signal(false);
export const grid = signal(false);
export const overview = signal(true);
export const protect = signal(false);
export const snap = signal(false);
export const mode = signal<Mode>("instance");
export const layer = signal<Layer>("shared");
export const engine = signal("classical");
/** What drawing does at this moment, with the keys that are held. */
export const underway = signal<Drawing>("new");
/** Has the tool begun something that it can finish or drop? */
export const begun = signal(false);
export const threshold = signal(0.5);
export const answered = signal(false);
export const status = signal({ state: "saved", waiting: 0, words: "", parked: 0 });
export const version = signal(0);
/** Objects that are shown over the image's own, to be taken or not: another person's, an earlier state's, what words found. */
export interface Shown {
  /** Whose, for the tests and for the eye. */
  name: string;
  words: string;
  objects: WireSegment[];
  take: { words: string; go: () => void };
  /** To those before and after, where there is a row of them. */
  steps?: { back: (() => void) | null; on: (() => void) | null };
}
export const shown = signal<Shown | null>(null);
export const job = signal<Job | null>(null);
export const others = signal<string[]>([]);
export const keymap = signal(keys.load());
export const asking = signal(false);
/** Which of an engine's answers is shown, from 1, and of how many. */
export const candidateShown = signal<{ at: number; of: number } | null>(null);
/** Which images the list shows. */
export const filter = signal("all");
/** Part of the names that the list shows. */
export const searched = signal("");
/** Propagate again by itself after some images more are finished. */
export const learnAgain = signal(true);

/** What is being worked on; no signal, because it changes with every stroke. `version` tells the views. */
export const desk = {
  scene: new Scene(1, 1),
  /** What this person did here, to be taken back. */
  journal: new Journal(new MemoryLedger(), ""),
  board: null as Board | null,
  /** Where the whole image is shown small. */
  map: null as HTMLCanvasElement | null,
  sync: null as unknown as Sync,
  /** Whose labels they are. */
  layer: "shared" as Layer,
};

export const colourOf = (id: number): number => {
  const row = project.value?.classes.find((declared) => declared.id === id)?.colour;
  return row ? (row[0] << 16) | (row[1] << 8) | row[2] : 0x3388ff;
};

/** Of what is drawn: of the class that it will have; white where it is taken away. */
export function drawnColour(): number {
  const doing = drawingNow();
  return doing === "subtract" ? 0xffffff : colourOf((doing === "new" ? null : own())?.classId ?? classId.value);
}

/** What drawing does with the keys and the tool as they are: Alt takes away, and so does the eraser; Shift adds. */
export function drawingNow(): Drawing {
  const { adds, removes } = desk.board?.tool?.how?.() ?? { adds: false, removes: false };
  if (removes !== (drawing.value === "subtract")) return "subtract";
  return (adds || removes) && drawing.value !== "refine" ? "add" : drawing.value;
}

export const kindOf = (id: number) => project.value?.classes.find((declared) => declared.id === id)?.kind ?? "thing";

export const nameOfClass = (id: number): string => project.value?.classes.find((declared) => declared.id === id)?.name ?? `${id}`;

/** How far an image is, of everybody's labels or of this person's own. */
export function stateOf(image: ImageInfo | null): State {
  if (layer.value === "own") return image?.own_labels?.includes(project.value!.me) ? "labelled" : "open";
  return (image?.state as State | null | undefined) ?? "open";
}

export const isDeclared = (id: number): boolean => project.value?.classes.some((declared) => declared.id === id) ?? false;

/** May no two objects share a pixel? */
export const isExclusive = (): boolean => mode.value !== "instance";

/** Classes that can be drawn, in order. */
export const drawable = () => (project.value?.classes ?? []).filter((declared) => declared.role !== "background");

/** The chosen object. */
export const own = (): Segment | null => (selected.value === null ? null : (desk.scene.find(selected.value) ?? null));

export const info = () => project.value?.images.find((image) => image.number === current.value) ?? null;

export function redraw(): void {
  underway.value = drawingNow();
  if (!desk.board) return;
  desk.board.brightness = brightness.value;
  desk.board.contrast = contrast.value;
  desk.board.grid = grid.value;
  desk.board.overview = overview.value;
  desk.board.badge = { new: "", add: "+", subtract: "−", refine: "↻" }[drawing.value];
  desk.board.redraw();
}
