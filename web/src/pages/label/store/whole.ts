/** Commands that concern all images and not one: they are kept, taken back and done again as the others are. */

import type { Command } from "../../../model/commands";
import { kept } from "../../../store/journal";
import { project, reload } from "../../../store/project";
import { gesture } from "../../../store/wire";
import { hear, offered } from "./offer";
import { current, desk } from "./state";
import { offerFor } from "./images";

export function keepWhole(command: Command): void {
  const { journal } = desk;
  journal.add({ id: crypto.randomUUID(), tab: journal.tab, image: null, layer: "shared", width: 1, height: 1, command: kept(command, 1, 1), undone: false });
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
