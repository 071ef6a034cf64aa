/** Taking back what was done, and doing it again: on the image that it concerns. */

import type { ClassInfo } from "../../../api/client";
import { apply, type Command, follows, inverse, type Turn } from "../../../model/commands";
import { type Entry, restored } from "../../../store/journal";
import { message, project } from "../../../store/project";
import { words } from "../../../strings";
import { ClassesRefused, turnClasses, turnMerge } from "./classes";
import { send } from "./gestures";
import { gestured, takenBack } from "./guide";
import { offerFor, open, work } from "./images";
import { offer } from "./offer";
import { current, desk, info, isDeclared, layer, redraw, selected, stateOf } from "./state";
import { tell } from "./toast";
import { judgeAll, turnParts } from "./whole";

/** Number of steps that are under way. */
let running = 0;
let turn: Promise<void> = Promise.resolve();

export const isTurning = (): boolean => running > 0;

export const undo = (): void => step(true);
export const redo = (): void => step(false);

/** When what is taken back or done again now is done. */
export const turned = (): Promise<void> => turn;

/** What is taken back meanwhile waits until this has ended. */
export function hold(work: Promise<void>): Promise<void> {
  running++;
  turn = turn.then(() => work).finally(() => void running--);
  return turn;
}

/** At once where the image is open, else when it is; one after the other. */
function step(back: boolean): void {
  const entry = back ? desk.journal.last() : desk.journal.next();
  if (!running && entry && isHere(entry)) return turnHere(entry, back, false);
  running++;
  turn = turn
    .then(() => elsewhere(back))
    .catch((error: Error) => void (message.value = error.message))
    .finally(() => void running--);
}

const isHere = (entry: Entry): boolean => entry.image !== null && current.value === entry.image && layer.value === entry.layer;

async function elsewhere(back: boolean): Promise<void> {
  const { journal } = desk;
  const entry = back ? (journal.last() ?? (await journal.lastOfAll())) : journal.next();
  if (!entry) return tell(back ? words.nothingToUndo : words.nothingToRedo);
  if (entry.image === null) return everywhere(entry, back);
  const opened = !isHere(entry);
  if (layer.value !== entry.layer) await work(entry.layer);
  if (current.value !== entry.image && project.value?.images.some((image) => image.number === entry.image)) await open(entry.image);
  if (isHere(entry)) return turnHere(entry, back, opened);
  journal.drop(entry);
  tell(words.undoLost(entry.command.kind));
}

/** Take back what was done to all images, or do it again. */
async function everywhere(entry: Entry, back: boolean): Promise<void> {
  const { journal } = desk;
  const { kind, lasting } = entry.command;
  if (lasting) {
    journal.drop(entry);
    return tell(words.undoNever(kind));
  }
  const done = restored(entry);
  const command = back ? inverse(done) : { ...done, kind: "redo" };
  let stays = "";
  try {
    if (command.classes) await turnClasses(command.classes as Turn<readonly ClassInfo[]>);
    if (command.verdicts) await judgeAll(command);
    if (done.merge) {
      const { merge, stays: left } = await turnMerge(done.merge, back);
      journal.change(entry, { ...entry.command, merge });
      stays = left;
    }
    if (command.parts) {
      const stayed = await turnParts(command);
      const parts = entry.command.parts!.filter(({ image }) => !stayed.has(image));
      if (stayed.size) stays = words.someStay([...stayed].map(keyOf), command.parts.length);
      // What stays is not done again either.
      if (!parts.length) {
        journal.drop(entry);
        return tell(words.undoRefused(kind, stays));
      }
      journal.change(entry, { ...entry.command, parts });
    }
  } catch (error) {
    if (!(error instanceof ClassesRefused)) throw error; // it can be tried again
    journal.drop(entry);
    return tell(words.undoRefused(kind, error.message));
  }
  journal.mark(entry, back);
  tell([(back ? words.undid : words.redid)(kind, null), stays].filter(Boolean).join("; "));
}

const keyOf = (number: number): string => project.value?.images.find((image) => image.number === number)?.key ?? words.goneImage;

/** Take back what was done on the open image, or do it again. opened: it was opened for this. */
function turnHere(entry: Entry, back: boolean, opened: boolean): void {
  const { journal, scene, sync } = desk;
  const done = restored(entry);
  const command = back ? inverse(done) : { ...done, kind: "redo" };
  if (command.changes.some(({ after }) => after && !isDeclared(after.classId))) {
    journal.drop(entry);
    return tell(words.undoClass(entry.command.kind));
  }
  // Only where everything is as it was left.
  if (!follows(scene, inverse(command)) || !saysSo(command)) {
    journal.drop(entry);
    return tell(words.undoStale(entry.command.kind));
  }
  apply(scene, command);
  send(command);
  journal.mark(entry, back);
  if (back) takenBack(entry.command, journal.standing);
  else gestured(entry.command);
  const left = command.changes.find((change) => scene.find(change.id));
  if (selected.value !== null && !scene.find(selected.value)) selected.value = null;
  if (left && opened) selected.value = left.id;
  tell((back ? words.undid : words.redid)(entry.command.kind, opened ? (info()?.key ?? null) : null));
  redraw();
  const judged = command.said?.suggestion ?? command.said?.objects;
  // An offer that is here has heard it already.
  if (judged && offer.value?.run !== judged.run) void sync.settled(current.value!).then(() => offerFor(entry.image!));
}

/** Is the image as far as it was left? What somebody else said of it since stays. */
function saysSo({ said }: Command): boolean {
  return !said?.state || stateOf(info()) === said.state.before;
}
