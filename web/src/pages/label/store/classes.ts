/** Changes of the classes: commands as others are, on the whole project. */

import { api, type ClassInfo, Refused } from "../../../api/client";
import { differing, turnedClasses } from "../../../model/classes";
import type { Turn } from "../../../model/commands";
import { dialog, message, project, reload } from "../../../store/project";
import { words } from "../../../strings";
import { setClass } from "./gestures";
import { open } from "./images";
import { classId, current, desk, drawable, redraw } from "./state";
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

/** Everything of one class becomes another's. */
export async function mergeClass(source: number, target: number): Promise<ClassInfo[]> {
  await desk.sync.settled();
  const classes = await api.mergeClass(source, target);
  keepWhole({ kind: "merge classes", changes: [], lasting: true });
  await reload();
  if (current.value !== null) await open(current.value);
  return classes;
}
