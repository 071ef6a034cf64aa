/** What the project is for: its task, classes and instructions. */

import { effect, signal } from "@preact/signals";
import { api, type ClassInfo, type Task } from "../../../api/client";
import { recall, remember } from "../../../store/kept";
import { dialog, project, reload } from "../../../store/project";
import { didClasses } from "./classes";
import { resumeGuide } from "./guide";
import { open } from "./images";
import { current, mode, redraw } from "./state";

const LATER = "maskwright asked";
const CLOSED = "maskwright instructions closed";

/** Does the panel with the instructions stand beside the canvas? */
export const told = signal(true);

/** Bytes that an image of the instructions may have, as the server has it. */
export const MOST_BYTES = 8 * 2 ** 20;

/** Of an image of the instructions. */
export const imageAddress = (name: string): string | null => (/^[0-9a-f]{24}\.(png|jpg)$/.test(name) ? `/api/instructions/images/${name}` : null);

const asked = (): string[] => {
  try {
    const held: unknown = JSON.parse(recall(LATER) ?? "[]");
    return Array.isArray(held) ? held.map(String) : [];
  } catch {
    return [];
  }
};

/** It was asked once what the project is for; it is not asked again in this browser. */
export function askedOnce(): void {
  const place = project.value?.place;
  if (place !== undefined && !asked().includes(place)) remember(LATER, JSON.stringify([...asked(), place].slice(-200)));
}

let followed = false;
let begun = false;

/** The mode is the task's, and the panel shows what annotators are told, from when the project is known: before anything can be drawn. */
export function followProject(): void {
  if (followed) return;
  followed = true;
  let before: { task?: Task | null; instructions?: string } = {};
  effect(() => {
    if (!project.value) return;
    const { task, instructions } = project.value;
    if (task && task !== before.task) mode.value = task;
    // Who closed the panel sees it again when other instructions are given.
    if (instructions !== before.instructions) told.value = recall(CLOSED) !== instructions;
    before = { task, instructions };
  });
}

/** The project is known: ask what it is for where nobody has said so, and go through the first image. */
export function beginProject(): void {
  const known = project.value;
  if (!known || begun) return;
  begun = true;
  if (known.is_new && !asked().includes(known.place) && !dialog.value) dialog.value = "setup";
  resumeGuide(known);
}

export function showInstructions(on: boolean): void {
  const text = project.value?.instructions ?? "";
  if (!text) dialog.value = "setup";
  told.value = on;
  remember(CLOSED, on ? "" : text);
}

/** Raises what the server says of wrong values. */
export async function saveSetup(task: Task, classes: ClassInfo[], instructions: string): Promise<void> {
  const before = project.value!.classes;
  const done = await api.setUp({ task, classes, instructions });
  project.value = { ...project.value!, ...done, is_new: false };
  didClasses({ before, after: done.classes });
  dialog.value = "";
  redraw();
}

/** Keep an image -> the Markdown that shows it. Raises what the server says of it. */
export async function addImage(file: File): Promise<string> {
  const data = await encoded(file);
  const { name } = await api.addImage(data);
  return `![${file.name.replace(/\.[^.]*$/, "").replace(/[[\]\\]/g, " ")}](${name})`;
}

/** In base 64. */
function encoded(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Look through the folder for images that came -> how many, and what is said of them. */
export async function lookAgain(): Promise<{ images: number; notes: string[] }> {
  const found = await api.look();
  if (found.images) {
    await reload();
    const first = project.value?.images[0];
    if (current.value === null && first) await open(first.number);
  }
  return found;
}
