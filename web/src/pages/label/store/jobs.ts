/** Long work of the server that suggests labels: begun here, followed until it ends, also after a reload. */

import { signal } from "@preact/signals";
import { api, type FirstMasks, type ImageInfo, type Job, Refused, type Suggesting } from "../../../api/client";
import { message, project, reload } from "../../../store/project";
import { encoded } from "./files";
import { offerFor } from "./images";
import { offered } from "./offer";
import { current, desk, info, job, layer, learnAgain } from "./state";

export const AGAIN = 3; // images that are finished before labels are propagated again
let finished = 0;
let learner: string | null = null;

/** What can suggest masks here; none before it was asked for. */
export const possible = signal<FirstMasks | null>(null);

/** Ask for it anew, once all that was done here is known to the server. */
export async function loadPossible(): Promise<void> {
  try {
    await desk.sync?.settled();
    possible.value = await api.firstMasks();
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** An image more is finished: after a few, what was learned is learned anew, in the background. */
export function learnt(): void {
  finished++;
  if (!(project.value?.images ?? []).some(isUnlabelled)) return;
  if (learnAgain.value && learner && finished >= AGAIN && job.value?.status !== "running" && layer.value === "shared") void propagate(learner);
}

export function propagate(engine: string): Promise<void> {
  learner = engine;
  finished = 0;
  return run(() => api.propagate(engine));
}

export const follow = (engine: string, direction: string): Promise<void> => run(() => api.follow(engine, direction));

export type Wishes = Partial<Suggesting> & { source: Suggesting["source"] };

/** examples: an archive to learn from. */
export const suggest = (wishes: Wishes, examples: File | null = null): Promise<void> =>
  run(async () => api.suggest(examples ? { ...wishes, examples: { name: examples.name, data: await encoded(examples) } } : wishes));

/** Long work of the server, until it ends; then what it suggests for this image is shown. */
export async function run(begin: () => Promise<Job>): Promise<void> {
  try {
    await desk.sync.settled();
    job.value = await begin();
    await watch();
  } catch (error) {
    if (error instanceof Refused && error.status === 409) {
      // Something else is under way, begun elsewhere: that is shown.
      message.value = error.message;
      job.value = null;
      return pickUp();
    }
    job.value = { id: "", kind: "suggest", status: "failed", done: 0, total: null, words: (error as Error).message, result: {} };
  }
}

/** What is under way already, or has just ended: begun before this page was loaded, or on another. */
export async function pickUp(): Promise<void> {
  if (job.value) return;
  const found = await api.newestJob().catch(() => null);
  if (found && found.status !== "running") await reload();
  job.value = found;
  if (job.value?.status === "running") await watch().catch((error: Error) => (message.value = error.message));
}

async function watch(): Promise<void> {
  while (job.value?.status === "running") {
    await new Promise((resolve) => setTimeout(resolve, 400));
    const now = await api.job(job.value.id);
    // Before the result is told: what it tells is what is there.
    if (now.status !== "running") await reload();
    job.value = now;
  }
  const number = current.value;
  if (number !== null && !offered.value && layer.value === "shared" && (info()?.confidence != null || !desk.scene.segments.length)) await offerFor(number);
  void loadPossible();
}

export async function stopJob(): Promise<void> {
  if (job.value) await api.cancel(job.value.id);
}

/** Is it still to be labelled: open, and without an object? */
export const isUnlabelled = (image: ImageInfo): boolean => image.state === null && !image.objects;

/** Has nobody done anything here yet, and no program either? */
export const isFresh = (): boolean => {
  const images = project.value?.images ?? [];
  return images.length > 0 && images.every((image) => !image.objects && image.confidence == null && image.state === null);
};
