/** What every page knows: the project, what is said to the person, and which dialog is open. */

import { effect, signal } from "@preact/signals";
import { api, type Project, unreachable } from "../api/client";
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

/** Ask for the project and its columns anew. */
export async function reload(): Promise<void> {
  [project.value] = await Promise.all([api.project(), loadColumns()]);
}
