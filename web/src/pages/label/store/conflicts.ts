/** What the server did not take: somebody else was faster, or it was refused. */

import { signal } from "@preact/signals";
import { api, type Gesture, type ImageInfo, type ImageSegments, type WireSegment } from "../../../api/client";
import type { Command } from "../../../model/commands";
import { parse } from "../../../model/rle";
import { added, type Change, Scene } from "../../../model/scene";
import { kept, type KeptChange } from "../../../store/journal";
import { message, project, reload } from "../../../store/project";
import type { Conflict } from "../../../store/sync";
import { fromWire, gesture, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { isWhole } from "./gestures";
import { open } from "./images";
import { current, desk, isExclusive, layer, nameOfClass } from "./state";
import { tell } from "./toast";
import { hold } from "./undo";

/** An object as one side has it. */
export interface Side {
  name: string;
  pixels: number;
}

/** What the two sides made of the objects; none where one deleted them. */
export interface Sides {
  /** Who was faster, and null where it was the same person in another tab. */
  author: string | null;
  mine: Side | null;
  theirs: Side | null;
  /** How many objects more it is about. */
  more: number;
}

/** The conflict that is open, as it is told; none while it is looked up. */
export const sides = signal<Sides | null>(null);

/** Look up what the two sides made of it. */
export async function weigh(): Promise<void> {
  const { conflict } = desk.sync;
  sides.value = null;
  if (!conflict) return;
  try {
    const shared = conflict.layer === "shared";
    const [theirs, past] = await Promise.all([read(conflict), shared ? api.history(conflict.image) : Promise.resolve([])]);
    const [id] = conflict.objects;
    const other = theirs.objects.find((segment) => segment.id === id);
    // Of an object that is gone: whoever changed the image last.
    const author = (past.find(({ revision }) => revision === other?.revision) ?? past[0])?.author ?? null;
    const mine = wanted(desk.sync.contested, id);
    sides.value = {
      author: shared && author !== project.value?.me ? author : null,
      mine: mine && side(mine), theirs: other ? side(other) : null, more: conflict.objects.length - 1,
    };
  } catch (error) {
    message.value = (error as Error).message;
  }
}

const read = ({ image, layer }: Conflict): Promise<ImageSegments> => api.objects(image, { layer });

/** Every second number of run lengths counts pixels of the object. */
const side = ({ class_id, counts }: WireSegment): Side =>
  ({ name: nameOfClass(class_id), pixels: parse(counts).reduce((sum, run, k) => (k % 2 ? sum + run : sum), 0) });

/** What the gestures that wait make of an object; none where they delete it. */
function wanted(waiting: readonly Gesture[], id: number): WireSegment | null {
  let found: WireSegment | null = null;
  for (const { put, remove } of waiting) {
    found = put?.filter((segment) => segment.id === id).at(-1) ?? (remove?.includes(id) ? null : found);
  }
  return found;
}

/** The person has chosen; what is undone meanwhile waits for what that makes. */
export const resolve = (choice: "mine" | "theirs" | "both"): Promise<void> => hold(chosen(choice));

async function chosen(choice: "mine" | "theirs" | "both"): Promise<void> {
  const { sync, journal } = desk;
  const { conflict } = sync;
  if (!conflict) return;
  try {
    const theirs = await read(conflict);
    const now = new Map(theirs.objects.map((segment) => [segment.id, segment.revision ?? 0]));
    const waiting = sync.contested;
    if (choice === "mine") {
      // Taken back, they give what they took the place of.
      const first = new Set(conflict.objects);
      for (const { id, put = [], remove = [] } of waiting) {
        const here = [...put.map((segment) => segment.id), ...remove].filter((object) => first.delete(object));
        const before = (object: number) => theirs.objects.find((segment) => segment.id === object) ?? null;
        if (here.length)
          journal.amend(id, (was) =>
            was.map((change) => (here.includes(change.id) ? { ...change, before: before(change.id) } : change)).filter((change) => change.before || change.after));
      }
      await sync.resolve("mine", now);
    } else if (choice === "theirs") {
      // What was done here stays in the journal; on top of it comes that theirs took its place.
      const row = rowOf(conflict);
      const command = { kind: "take theirs", changes: row ? given(conflict, row, theirs, waiting) : [] };
      if (row && command.changes.length) keep(conflict, command, row);
      await sync.resolve("theirs", now);
    } else {
      const copy = copied(conflict, theirs, waiting);
      const stays = ({ id }: KeptChange) => !conflict.objects.includes(id);
      for (const { id } of waiting) journal.amend(id, (was) => was.filter(stays));
      if (copy) {
        for (const segment of theirs.objects) sync.knows(conflict.image, segment.id, segment.revision ?? 0, conflict.layer);
        keep(conflict, copy.command, copy, copy.id);
      }
      await sync.resolve("theirs", now, copy?.told);
    }
    if (current.value === conflict.image && layer.value === conflict.layer) await open(conflict.image);
    if (choice !== "mine") tell(choice === "both" ? words.keptBoth : words.tookTheirs, true);
  } catch (error) {
    message.value = (error as Error).message;
  }
}

function keep({ image, layer: on }: Conflict, command: Command, { width, height }: { width: number; height: number }, id: string = crypto.randomUUID()): void {
  const { journal } = desk;
  journal.add({ id, tab: journal.tab, image, layer: on, width, height, command: kept(command, width, height), undone: false });
}

const rowOf = ({ image: number }: Conflict): ImageInfo | undefined => project.value?.images.find((image) => image.number === number);

/** From this page's objects to the others'. */
function given(conflict: Conflict, { width, height }: ImageInfo, theirs: ImageSegments, waiting: readonly Gesture[]): Change[] {
  const segment = (found: WireSegment | null | undefined) => (found ? fromWire(found, width, height) : null);
  return conflict.objects.flatMap((id) => {
    const at = theirs.objects.findIndex((object) => object.id === id);
    const [before, after] = [segment(wanted(waiting, id)), segment(theirs.objects[at])];
    const here = current.value === conflict.image && layer.value === conflict.layer ? desk.scene.indexOf(id) : -1;
    const place = at >= 0 ? at : here >= 0 ? here : theirs.objects.length;
    return before || after ? [{ id, before, after, from: place, to: place }] : [];
  });
}

/** This page's objects beside the others', as a command on top of all that waits; none where there is nothing of them. */
function copied(conflict: Conflict, theirs: ImageSegments, waiting: readonly Gesture[]) {
  const row = rowOf(conflict);
  const mine = conflict.objects.flatMap((id) => wanted(waiting, id) ?? []);
  if (!row || !mine.length) return null;
  const { width, height } = row;
  const segments = new Map(theirs.objects.map((segment) => [segment.id, segment]));
  for (const { put = [], remove = [] } of waiting) {
    for (const segment of put) if (!conflict.objects.includes(segment.id)) segments.set(segment.id, segment);
    for (const id of remove) if (!conflict.objects.includes(id)) segments.delete(id);
  }
  const scene = new Scene(width, height);
  scene.load([...segments.values()].map((segment) => fromWire(segment, width, height)));
  const copies = mine.map((segment) => ({ ...fromWire(segment, width, height), id: newId() }));
  const command: Command = { kind: "keep both", changes: added(scene, copies, isExclusive(), isWhole) };
  const id = crypto.randomUUID();
  return { id, width, height, command, told: gesture(command, width, height, {}, id) };
}

/** Send again what was refused, after what it needs was mended. */
export async function retryRefused(id: string): Promise<void> {
  await desk.sync.retry(id);
  await desk.sync.settled();
  if (!desk.sync.parked.some((pending) => pending.gesture.id === id)) await readAgain();
}

/** Give a refused change up; the page shows what the server has. */
export async function dropRefused(id: string): Promise<void> {
  desk.journal.forget(id);
  await desk.sync.drop(id);
  await readAgain();
}

async function readAgain(): Promise<void> {
  await reload();
  if (current.value !== null) await open(current.value);
}
