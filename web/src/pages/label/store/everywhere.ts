/** What is suggested for every image that waits, accepted without being looked at one by one: it is marked so that somebody reviews it. */

import { signal } from "@preact/signals";
import { api, type ImageInfo } from "../../../api/client";
import { apply, type Command } from "../../../model/commands";
import { added, Scene } from "../../../model/scene";
import { kept } from "../../../store/journal";
import { message, project, reload } from "../../../store/project";
import { fromWire, gesture, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { isWhole } from "./gestures";
import { open } from "./images";
import { isThere, least, rate } from "./offer";
import { current, desk, mode } from "./state";
import { tell } from "./toast";

/** How far it is; none while nothing is under way. */
export const accepting = signal<{ done: number; total: number } | null>(null);

export const waitingImages = (): ImageInfo[] => (project.value?.images ?? []).filter((image) => image.confidence != null);

export async function acceptEverywhere(): Promise<void> {
  if (accepting.value) return;
  const images = waitingImages();
  let objects = 0;
  let changed = 0;
  accepting.value = { done: 0, total: images.length };
  try {
    await desk.sync.settled();
    for (const image of images) {
      const number = await acceptUnseen(image);
      objects += number;
      changed += Number(number > 0);
      if (!accepting.value) break;
      accepting.value = { done: accepting.value.done + 1, total: images.length };
    }
    await desk.sync.settled();
    await reload();
    if (current.value !== null) await open(current.value);
    tell(words.acceptedEverywhere(objects, changed), changed === 1);
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    accepting.value = null;
  }
}

/** It ends after the image that it is at. */
export const stopAccepting = (): void => void (accepting.value = null);

/** -> how many objects the image got; each image is one gesture, which can be taken back. */
async function acceptUnseen({ number, width, height, state }: ImageInfo): Promise<number> {
  const [labels, found] = await Promise.all([api.objects(number), api.suggestion(number)]);
  const { run } = found;
  if (!run) return 0;
  const scene = new Scene(width, height);
  scene.load(labels.objects.map((segment) => fromWire(segment, width, height)));
  const rejected = new Set(found.rejected ?? []);
  const chosen = found.objects
    .filter((segment) => rate(segment) >= least.value && !rejected.has(segment.id))
    .map((segment) => ({ ...fromWire(segment, width, height), id: newId(), source: "model" as const }))
    .filter(({ bits }) => !isThere(scene, bits));
  if (!chosen.length) return 0;
  const command: Command = {
    kind: "accept", changes: added(scene, chosen, mode.value !== "instance", isWhole),
    said: { state: { before: (state as "open" | null) ?? "open", after: "review" }, suggestion: { run, before: "open", after: "accepted" } },
  };
  const { sync, journal } = desk;
  for (const segment of labels.objects) sync.knows(number, segment.id, segment.revision ?? 0);
  const id = crypto.randomUUID();
  journal.add({ id, tab: journal.tab, image: number, layer: "shared", width, height, command: kept(command, width, height), undone: false });
  apply(scene, command);
  await sync.push(number, gesture(command, width, height, {}, id), "shared");
  return chosen.length;
}
