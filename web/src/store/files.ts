/** Conflicts, history, classes, labels in and out. */

import { api, type ClassInfo, type Imported, type LossReport } from "../api/client";
import { change, type Change, removal } from "../model/scene";
import { words } from "../strings";
import { perform } from "./gestures";
import { open, reload } from "./images";
import { show } from "./shown";
import { current, desk, dialog, layer, message, project, redraw } from "./state";
import { fromWire, newId } from "./wire";

export async function resolve(choice: "mine" | "theirs" | "both"): Promise<void> {
  const { sync } = desk;
  const { conflict } = sync;
  if (!conflict) return;
  const theirs = await api.objects(conflict.image, { layer: conflict.layer });
  const now = new Map(theirs.objects.map((one) => [one.id, one.revision ?? 0]));
  await sync.resolve(choice, now, newId);
  if (current.value === conflict.image && layer.value === conflict.layer) await open(conflict.image);
}

export async function dropRefused(): Promise<void> {
  await desk.sync.drop();
  if (current.value !== null) await open(current.value);
}

export interface Past {
  revision: number;
  kind: string;
  author: string;
  created: string;
}

/** Of everybody's labels: who works apart from them is not to see them here either. */
export const imageHistory = (): Promise<Past[]> =>
  current.value === null || desk.layer === "own" ? Promise.resolve([]) : api.history(current.value);

/** Show what an image was after a gesture; from there to the ones before and after it. */
export async function look(past: readonly Past[], at: number): Promise<void> {
  const number = current.value;
  if (number === null) return;
  dialog.value = "";
  try {
    const { objects } = await api.objects(number, { at: past[at].revision });
    if (current.value !== number) return;
    const to = (index: number) => (index >= 0 && index < past.length ? () => void look(past, index) : null);
    show({
      name: `revision ${past[at].revision}`, words: words.past(past[at].kind, past[at].author, past[at].created, objects.length), objects,
      take: { words: words.restore, go: () => void restore(past[at].revision) }, steps: { back: to(at + 1), on: to(at - 1) },
    });
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function restore(revision: number): Promise<void> {
  if (current.value === null) return;
  const { scene } = desk;
  const then = (await api.objects(current.value, { at: revision })).objects.map((one) => fromWire(one, scene.width, scene.height));
  const changes: Change[] = [];
  const gone: Change[] = [];
  for (const one of scene.things) if (!then.some((other) => other.id === one.id)) gone.unshift(removal(scene, one.id));
  for (const one of then) {
    const old = scene.find(one.id);
    if (!old || !old.bits.equals(one.bits) || old.classId !== one.classId) changes.push(change(scene, one));
  }
  perform("restore", [...changes, ...gone]);
  dialog.value = "";
  show(null);
}

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

/** What a file of labels would give; with `write` it is given. */
export async function take(file: File, write: boolean): Promise<Imported> {
  await desk.sync.settled();
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 0x8000) text += String.fromCharCode(...bytes.subarray(k, k + 0x8000));
  const found = await api.take(file.name, btoa(text), write);
  if (found.written) {
    await reload();
    if (current.value !== null) await open(current.value);
  }
  return found;
}

export const losses = (name: string): Promise<LossReport> => desk.sync.settled().then(() => api.losses(name));
