/** Labels that a program suggests: made in the background, accepted or rejected by a person. */

import { api, type Job } from "../../../api/client";
import { message, reload } from "../../../store/project";
import { fromWire, newId } from "../../../store/wire";
import { bringing, perform } from "./gestures";
import { offer } from "./images";
import { current, desk, info, job, layer, learnAgain, offered, stateOf, suggested } from "./state";

const AGAIN = 3; // images that are finished before labels are propagated again
let finished = 0;
let learner: string | null = null;

export function accept(): void {
  const run = offered.value;
  if (run === null) return;
  const { scene, board } = desk;
  const segments = suggested.value.map((segment) => ({
    // A person has looked at it and stands for it.
    ...fromWire(segment, scene.width, scene.height), id: newId(), source: "human" as const,
    attributes: { ...segment.attributes, accepted: "untouched" },
  }));
  suggested.value = [];
  offered.value = null;
  board?.suggest([]);
  perform("accept", bringing(segments), {
    said: { state: { before: stateOf(info()), after: "labelled" }, suggestion: { run, before: "open", after: "accepted" } },
  });
  learnt();
}

export function reject(): void {
  const run = offered.value;
  if (run === null) return;
  suggested.value = [];
  offered.value = null;
  desk.board?.suggest([]);
  perform("reject", [], { said: { suggestion: { run, before: "open", after: "rejected" } } });
}

/** An image more is finished: after a few, what was learned is learned anew, in the background. */
export function learnt(): void {
  finished++;
  if (learnAgain.value && learner && finished >= AGAIN && job.value?.status !== "running" && layer.value === "shared") void propagate(learner);
}

export function propagate(engine: string): Promise<void> {
  learner = engine;
  finished = 0;
  return run(() => api.propagate(engine));
}

export const follow = (engine: string, direction: string): Promise<void> => run(() => api.follow(engine, direction));

/** Long work of the server, until it ends; then what it suggests for this image is shown. */
async function run(begin: () => Promise<Job>): Promise<void> {
  try {
    await desk.sync.settled();
    job.value = await begin();
    while (job.value?.status === "running") {
      await new Promise((resolve) => setTimeout(resolve, 400));
      job.value = await api.job(job.value.id);
    }
    if (job.value?.status === "failed") message.value = job.value.words ?? "";
    await reload();
    const number = current.value;
    if (number !== null && !desk.scene.segments.length && layer.value === "shared") await offer(number);
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function stopJob(): Promise<void> {
  if (job.value) await api.cancel(job.value.id);
}
