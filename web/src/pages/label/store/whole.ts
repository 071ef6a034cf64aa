/** Commands that concern all images and not one: they are kept, taken back and done again as the others are. */

import { signal } from "@preact/signals";
import { api } from "../../../api/client";
import { type Command, follows, inverse, type Part } from "../../../model/commands";
import { Scene } from "../../../model/scene";
import { type Entry, kept } from "../../../store/journal";
import { project, reload } from "../../../store/project";
import { fromWire, gesture } from "../../../store/wire";
import { hear, offered } from "./offer";
import { current, desk, isDeclared } from "./state";
import { offerFor, open } from "./images";

/** How far a command on many images is; none while there is none under way. stops: a person may end it there. */
export const going = signal<{ done: number; total: number; stops: boolean } | null>(null);

export function keepWhole(command: Command, id = crypto.randomUUID() as string): Entry {
  const { journal } = desk;
  const entry: Entry = { id, tab: journal.tab, image: null, layer: "shared", width: 1, height: 1, command: kept(command, 1, 1), undone: false };
  journal.add(entry);
  return entry;
}

/** Tell the server what a command does to one of its images. */
export const sendPart = (kind: string, { image, width, height, changes, said }: Part): Promise<void> =>
  desk.sync.push(image, gesture({ kind, changes, ...(said && { said }) }, width, height, {}, crypto.randomUUID()), "shared");

/** Do it to each image that is as the command found it, or is so already -> the images that are not, and stay as they are. */
export async function turnParts({ kind, parts }: Command): Promise<Set<number>> {
  const stayed = new Set<number>();
  const here = new Set(project.value?.images.map((image) => image.number));
  const { sync } = desk;
  await sync.settled();
  going.value = { done: 0, total: parts!.length, stops: false };
  try {
    for (const part of parts!) {
      if (!here.has(part.image) || !(await turnPart(kind, part))) stayed.add(part.image);
      going.value = { ...going.value, done: going.value.done + 1 };
    }
  } finally {
    going.value = null;
  }
  await sync.settled();
  await reload();
  if (parts!.some(({ image }) => image === current.value && !stayed.has(image))) await open(current.value!);
  else await judged();
  return stayed;
}

async function turnPart(kind: string, part: Part): Promise<boolean> {
  const { image, width, height, changes, said } = part;
  const command: Command = { kind, changes, ...(said && { said }) };
  const labels = await api.objects(image);
  const scene = new Scene(width, height);
  scene.load(labels.objects.map((segment) => fromWire(segment, width, height)));
  const state = labels.workflow?.state ?? "open";
  const stands = (turn: "before" | "after") => !said?.state || said.state[turn] === state;
  if (follows(scene, command) && stands("after")) return true; // an earlier try got this far
  if (!follows(scene, inverse(command)) || !stands("before")) return false;
  if (changes.some(({ after }) => after && !isDeclared(after.classId))) return false;
  for (const segment of labels.objects) desk.sync.knows(image, segment.id, segment.revision ?? 0);
  await sendPart(kind, part);
  return true;
}

/** Say what became of what a run suggests for an image. */
export async function judge(kind: string, image: number, run: string, turn: Pick<NonNullable<Command["verdicts"]>, "before" | "after">): Promise<void> {
  const said = { suggestion: { run, before: turn.before, after: turn.after } };
  await desk.sync.push(image, gesture({ kind, changes: [], said }, 1, 1, {}, crypto.randomUUID()), "shared");
  if (image === current.value) hear(said);
}

/** Say it of many images. */
export async function judgeAll({ kind, verdicts }: Command): Promise<void> {
  const here = new Set(project.value?.images.map((image) => image.number));
  for (const { image, run } of verdicts!.of) if (here.has(image)) await judge(kind, image, run, verdicts!);
  await judged();
}

/** What was said of many images is in the list, and on the open one. */
export async function judged(): Promise<void> {
  await desk.sync.settled();
  await reload();
  if (current.value !== null && !offered.value) await offerFor(current.value);
}
