/** Changes of the classes. */

import { api, type ClassInfo } from "../../../api/client";
import { dialog, message, project, reload } from "../../../store/project";
import { setClass } from "./gestures";
import { open } from "./images";
import { current, desk, redraw } from "./state";

export async function saveClasses(rows: ClassInfo[]): Promise<void> {
  try {
    const classes = await api.classes(rows);
    project.value = { ...project.value!, classes };
    dialog.value = "";
    redraw();
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** Declare a class more, and draw with it. */
export async function addClass(name: string): Promise<void> {
  const before = project.value!.classes;
  const id = 1 + Math.max(0, ...before.map((declared) => declared.id));
  await saveClasses([...before, { id, name, kind: "thing", role: "class", colour: null }]);
  if (project.value!.classes.some((declared) => declared.id === id)) setClass(id);
}

/** Everything of one class becomes another's. */
export async function mergeClass(source: number, target: number): Promise<ClassInfo[]> {
  await desk.sync.settled();
  const classes = await api.mergeClass(source, target);
  await reload();
  if (current.value !== null) await open(current.value);
  return classes;
}
