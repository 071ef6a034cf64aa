/** Changes of the classes: commands as others are, on the whole project. */

import { api, type ClassInfo, Refused } from "../../../api/client";
import { differing, turnedClasses } from "../../../model/classes";
import type { Merge, Turn } from "../../../model/commands";
import type { Entry } from "../../../store/journal";
import { dialog, message, project, reload } from "../../../store/project";
import { words } from "../../../strings";
import { setClass } from "./gestures";
import { open } from "./images";
import { classId, current, desk, drawable, nameOfClass, redraw } from "./state";
import { tell } from "./toast";
import { keepWhole } from "./whole";

const TRIES = 4;

/** Somebody else has changed what was to be changed, or uses what was to go. */
export class ClassesRefused extends Error {}

/** Make a change of the classes, on top of what others have changed meanwhile -> it, as it was made. Throws, saying why not. */
export async function turnClasses(turn: Turn<readonly ClassInfo[]>): Promise<Turn<readonly ClassInfo[]>> {
  await desk.sync.settled(); // objects of a class that goes may be on their way out
  for (let tried = 1; ; tried++) {
    const before = project.value!.classes;
    const { classes, changed } = turnedClasses(before, turn);
    if (changed.length) throw new ClassesRefused(words.classesChanged(changed));
    try {
      const after = await api.classes(classes, before);
      project.value = { ...project.value!, classes: after };
      if (!drawable().some((declared) => declared.id === classId.value)) classId.value = drawable()[0]?.id ?? 1;
      redraw();
      return { before, after };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status !== 409) throw new ClassesRefused(error.message);
      if (tried === TRIES) throw error;
      await reload(); // somebody else was faster
    }
  }
}

/** What was done to the classes can be taken back. */
export function didClasses(turn: Turn<readonly ClassInfo[]>): void {
  if (differing(turn).length) keepWhole({ kind: "classes", changes: [], classes: turn });
}

/** seen: the classes that `rows` were made of. -> why they are not saved; empty where they are. */
export async function saveClasses(rows: ClassInfo[], seen: readonly ClassInfo[] = project.value!.classes): Promise<string> {
  const wrong = unnamed(rows, seen);
  if (wrong) return wrong;
  try {
    didClasses(await turnClasses({ before: seen, after: rows }));
    dialog.value = message.value = "";
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Which row has no name, as a sentence; empty where all have one. */
export function unnamed(rows: readonly ClassInfo[], before: readonly ClassInfo[]): string {
  const at = rows.findIndex((row) => !row.name.trim());
  if (at < 0) return "";
  return words.unnamed(at + 1, before.find((declared) => declared.id === rows[at].id)?.name ?? null);
}

/** Declare a class more, and draw with it. */
export async function addClass(name: string): Promise<void> {
  const before = project.value!.classes;
  const id = 1 + Math.max(0, ...before.map((declared) => declared.id));
  message.value = await saveClasses([...before, { id, name, kind: "thing", role: "class", colour: null }]);
  if (project.value!.classes.some((declared) => declared.id === id)) setClass(id);
}

/** A merging that no answer came of: it may have been done. */
let unanswered: Entry | null = null;

/** Everything of one class becomes another's. */
export async function mergeClass(source: number, target: number): Promise<ClassInfo[]> {
  const { sync, journal } = desk;
  await sync.settled();
  const [from, into] = [nameOfClass(source), nameOfClass(target)];
  const held = unanswered?.command.merge;
  // Kept before it is done: whatever becomes of the answer, it can be taken back.
  const entry =
    unanswered && held?.source === source && held.target === target
      ? unanswered
      : keepWhole({ kind: "merge classes", changes: [], merge: { source, target, id: crypto.randomUUID(), turns: 1 } });
  unanswered = entry;
  try {
    const classes = await api.mergeClass(source, target, named(entry.command.merge!, 0));
    unanswered = null;
    await merged(classes);
    tell(words.merged(from, into), true);
    return classes;
  } catch (error) {
    if (isRefusal(error)) {
      journal.drop(entry);
      unanswered = null;
    }
    throw error;
  }
}

const named = ({ id }: Merge, turn: number): string => `${id}-${turn}`;

/** The server understood, and will say the same again. */
const isRefusal = (error: unknown): error is Refused => error instanceof Refused && error.status < 500;

/** Take a merging back, or do it again -> it, as it is then, and what stays as it is. */
export async function turnMerge(merge: Merge, back: boolean): Promise<{ merge: Merge; stays: string }> {
  const { source, target, turns } = merge;
  await desk.sync.settled();
  try {
    if (!back) await merged(await api.mergeClass(source, target, named(merge, turns)));
    const done = back ? await api.takeBackMerging(named(merge, turns - 1), named(merge, turns)) : null;
    if (done) await merged(done.classes);
    return { merge: { ...merge, turns: turns + 1 }, stays: done?.stayed ? words.mergedStay(done.stayed, done.images, done.stayed_on) : "" };
  } catch (error) {
    if (isRefusal(error)) throw new ClassesRefused(error.message);
    throw error;
  }
}

/** Classes and objects are others now. */
async function merged(classes: ClassInfo[]): Promise<void> {
  project.value = { ...project.value!, classes };
  if (!drawable().some((declared) => declared.id === classId.value)) classId.value = drawable()[0]?.id ?? 1;
  await reload();
  if (current.value !== null) await open(current.value);
}
