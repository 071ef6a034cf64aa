/** What every page knows: the project, what is said to the person, and which dialog is open. */

import { effect, signal } from "@preact/signals";
import { api, type ImageInfo, type Project, unreachable } from "../api/client";
import { words } from "../strings";
import { loadColumns } from "./columns";

export const project = signal<Project | null>(null);
export const message = signal("");
/** Name of the dialog that is open over the page; a page that is shown as a dialog has its own name here. */
export const dialog = signal("");

// What is said of a server that does not answer goes when it answers.
effect(() => {
  if (!unreachable.value && message.peek() === words.unreachable) message.value = "";
});

/** Images with gestures on their way to the studio, as the page that sends them knows. */
let underway: () => Iterable<number> = () => [];
/** Of each question that is under way, the images that this page has done something to since it was asked. */
const asked = new Set<Set<number>>();
/** Questions so far, and the newest that was answered. */
let questions = 0;
let answered = 0;

export const sends = (images: () => Iterable<number>): void => void (underway = images);

/** This page did something to an image, which its row shows already. */
export function touched(number: number): void {
  for (const images of asked) images.add(number);
}

/** Ask for the project and its columns anew. What the answer cannot know yet, as it was done here meanwhile, stays as it is shown. */
export async function reload(): Promise<void> {
  const ahead = new Set(underway());
  const question = ++questions;
  asked.add(ahead);
  try {
    const [found] = await Promise.all([api.project(), loadColumns()]);
    if (question < answered) return; // a later question was answered first
    answered = question;
    const rows = new Map(project.value?.images.map((image) => [image.number, image]));
    project.value = { ...found, images: found.images.map((image) => (ahead.has(image.number) ? asShown(image, rows.get(image.number)) : image)) };
  } finally {
    asked.delete(ahead);
  }
}

/** What gestures change of an image's row. */
const GESTURED = new Set(["state", "objects", "confidence", "own_labels"]);

const asShown = (image: ImageInfo, shown: ImageInfo | undefined): ImageInfo => ({
  ...image,
  ...Object.fromEntries(Object.entries(shown ?? {}).filter(([name]) => GESTURED.has(name))),
});
