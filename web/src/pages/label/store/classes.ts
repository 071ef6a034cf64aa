/** Changes of the classes. */

import { api, type ClassInfo } from "../../../api/client";
import { dialog, message, project, reload } from "../../../store/project";
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

/** Everything of one class becomes another's. */
export async function mergeClass(source: number, target: number): Promise<ClassInfo[]> {
  await desk.sync.settled();
  const classes = await api.mergeClass(source, target);
  await reload();
  if (current.value !== null) await open(current.value);
  return classes;
}
