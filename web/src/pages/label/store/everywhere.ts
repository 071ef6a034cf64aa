/** What is suggested for all images of the list: accepted without being looked at one by one, and marked so that somebody reviews it; or rejected. */

import { signal } from "@preact/signals";
import { api, type ImageInfo } from "../../../api/client";
import { apply, type Command } from "../../../model/commands";
import { added, Scene } from "../../../model/scene";
import { kept } from "../../../store/journal";
import { message, reload } from "../../../store/project";
import { fromWire, gesture, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { isWhole } from "./gestures";
import { open } from "./images";
import { listed } from "./listing";
import { isThere, least, rate } from "./offer";
import { current, desk, mode } from "./state";
import { tell } from "./toast";
import { judge, judged, keepWhole } from "./whole";

/** How far it is; none while nothing is under way. */
export const accepting = signal<{ done: number; total: number } | null>(null);

/** Images of the list that wait. */
const waitingImages = (): ImageInfo[] => listed.value.filter((image) => image.confidence != null);

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

/** All that is suggested for the images of the list, in one command. */
export async function rejectEverywhere(): Promise<void> {
  if (accepting.value) return;
  const images = waitingImages();
  const of: { image: number; run: string }[] = [];
  const turn = { before: "open", after: "rejected" } as const;
  accepting.value = { done: 0, total: images.length };
  try {
    await desk.sync.settled();
    for (const { number } of images) {
      const { run } = await api.suggestion(number);
      if (run) {
        await judge("reject", number, run, turn);
        of.push({ image: number, run });
      }
      if (!accepting.value) break;
      accepting.value = { done: accepting.value.done + 1, total: images.length };
    }
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    accepting.value = null;
    if (of.length) keepWhole({ kind: "reject", changes: [], verdicts: { ...turn, of } });
  }
  await judged().catch((error: Error) => (message.value = error.message));
  if (of.length) tell(words.rejectedEverywhere(of.length), true);
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
