/** What is suggested for all images of the list: accepted without being looked at one by one, and marked so that somebody reviews it; or rejected. */

import { api, type ImageInfo } from "../../../api/client";
import type { Part } from "../../../model/commands";
import { joined } from "../../../model/joined";
import { added, Scene } from "../../../model/scene";
import { type Entry, kept } from "../../../store/journal";
import { message, reload } from "../../../store/project";
import { fromWire, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { isWhole } from "./gestures";
import { open } from "./images";
import { listed } from "./listing";
import { least, rate } from "./offer";
import { current, desk, isDeclared, isExclusive } from "./state";
import { tell } from "./toast";
import { hold, turned } from "./undo";
import { going, judge, judged, keepWhole, sendPart } from "./whole";

/** Images that are read before what is suggested for them is accepted. */
const CHUNK = 20;

/** Images of the list that wait. */
const waitingImages = (): ImageInfo[] => listed.value.filter((image) => image.confidence != null);

/** All that is sure enough on the images of the list, in one command; what is undone meanwhile waits for it. */
export async function acceptEverywhere(): Promise<void> {
  if (going.value) return;
  const images = waitingImages();
  going.value = { done: 0, total: images.length, stops: true };
  await hold(turned().then(() => acceptAll(images)));
}

async function acceptAll(images: readonly ImageInfo[]): Promise<void> {
  const parts: Part[] = [];
  let entry: Entry | null = null;
  let objects = 0;
  try {
    await desk.sync.settled();
    for (let at = 0; at < images.length && going.value; at += CHUNK) {
      const fresh: Part[] = [];
      for (const image of images.slice(at, at + CHUNK)) {
        const found = await acceptance(image);
        if (found) fresh.push(found.part);
        objects += found?.objects ?? 0;
        if (!going.value) break;
        going.value = { ...going.value, done: going.value.done + 1 };
      }
      if (!fresh.length) continue;
      parts.push(...fresh);
      // Kept before it is sent: nothing is done that cannot be taken back.
      const command = { kind: "accept everywhere", changes: [], parts };
      if (entry) desk.journal.change(entry, kept(command, 1, 1));
      else entry = keepWhole(command);
      for (const part of fresh) await sendPart("accept", part);
      await desk.sync.settled();
    }
    await reload();
    if (current.value !== null) await open(current.value);
    tell(words.acceptedEverywhere(objects, parts.length), parts.length > 0);
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    going.value = null;
  }
}

/** All that is suggested for the images of the list, in one command. */
export async function rejectEverywhere(): Promise<void> {
  if (going.value) return;
  const images = waitingImages();
  const of: { image: number; run: string }[] = [];
  const turn = { before: "open", after: "rejected" } as const;
  going.value = { done: 0, total: images.length, stops: true };
  try {
    await desk.sync.settled();
    for (const { number } of images) {
      const { run } = await api.suggestion(number);
      if (run) {
        await judge("reject", number, run, turn);
        of.push({ image: number, run });
      }
      if (!going.value) break;
      going.value = { ...going.value, done: going.value.done + 1 };
    }
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    going.value = null;
    if (of.length) keepWhole({ kind: "reject", changes: [], verdicts: { ...turn, of } });
  }
  await judged().catch((error: Error) => (message.value = error.message));
  if (of.length) tell(words.rejectedEverywhere(of.length), true);
}

/** It ends after the image that it is at. */
export const stop = (): void => void (going.value = null);

/** What accepting does to an image, and how many objects that is; null where nothing is sure enough, or somebody has finished the image meanwhile. */
async function acceptance({ number: image, width, height }: ImageInfo): Promise<{ part: Part; objects: number } | null> {
  const [labels, found] = await Promise.all([api.objects(image), api.suggestion(image)]);
  const { run } = found;
  if (!run || (labels.workflow?.state ?? "open") !== "open") return null;
  const scene = new Scene(width, height);
  scene.load(labels.objects.map((segment) => fromWire(segment, width, height)));
  const rejected = new Set(found.rejected ?? []);
  const chosen = found.objects
    .filter((segment) => rate(segment) >= least.value && !rejected.has(segment.id) && isDeclared(segment.class_id))
    .sort((a, b) => rate(b) - rate(a))
    .map((segment) => ({ ...fromWire(segment, width, height), id: newId(), source: "model" as const }));
  // The surest on top, as where they are looked at.
  const taken = joined(scene.segments, chosen, isExclusive()).reverse();
  if (!taken.length) return null;
  for (const segment of labels.objects) desk.sync.knows(image, segment.id, segment.revision ?? 0);
  const changes = added(scene, taken, isExclusive(), isWhole);
  const said = { state: { before: "open", after: "review" }, suggestion: { run, before: "open", after: "accepted" } } as const;
  return { part: { image, width, height, changes, said }, objects: taken.length };
}
