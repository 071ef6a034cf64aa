/** The sequence that the open image belongs to: going through its frames, playing them, following objects from one of them. */

import { computed, signal } from "@preact/signals";
import { api, type ImageInfo, type SequenceInfo } from "../../../api/client";
import { frameAt, kindOf, nextFrame } from "../../../model/timeline";
import { message, project } from "../../../store/project";
import { words } from "../../../strings";
import { confirmTool } from "./asking";
import { arrive, open } from "./images";
import { current, desk, job, nameOfClass, own } from "./state";
import { run } from "./jobs";

const name = computed(() => project.value?.images.find((image) => image.number === current.value)?.video ?? null);

/** The frames in order; none where the open image does not belong to a sequence. */
export const frames = computed<ImageInfo[]>(() => {
  if (name.value === null) return [];
  const found = (project.value?.images ?? []).filter((image) => image.video === name.value);
  return found.sort((a, b) => (a.frame ?? Infinity) - (b.frame ?? Infinity));
});

export const sequence = computed<SequenceInfo | null>(() => project.value?.sequences.find((row) => row.name === name.value) ?? null);

/** Where the person has dragged to, while that frame is on its way. */
export const aimed = signal<number | null>(null);
const here = computed(() => frames.value.findIndex((frame) => frame.number === current.value));
/** The place of the frame that is open, or is about to be. */
export const place = computed(() => aimed.value ?? here.value);

export const playing = signal(false);
/** Frames a second. */
export const speed = signal(8);
export const follower = signal("classical");
export const SPEEDS = [1, 2, 4, 8, 16, 25];

let busy = false;

/** To a frame. passing: others follow at once, as they do while somebody drags or plays. */
export function toFrame(index: number, passing = false): void {
  const { length } = frames.value;
  if (!length) return;
  aimed.value = Math.max(0, Math.min(length - 1, index));
  if (!busy) void going(passing);
}

/** One frame after the other; of those that are wished meanwhile only the last. */
async function going(passing: boolean): Promise<void> {
  busy = true;
  try {
    while (aimed.value !== null && aimed.value !== here.value) {
      const index: number = aimed.value;
      const frame: ImageInfo | undefined = frames.value[index];
      if (!frame) break;
      await open(frame.number, passing);
      if (current.value !== frame.number) break; // it cannot be opened, which is said
      if (aimed.value === index) break;
    }
  } finally {
    busy = false;
    aimed.value = null;
  }
}

/** What passed quickly has come to rest: all that belongs to an open image is asked for. */
export function rest(): void {
  const settled = () => (busy ? setTimeout(settled, 20) : void arrive());
  settled();
}

let resting: ReturnType<typeof setTimeout> | undefined;

/** By so many frames; while a key is held they only pass. */
export function stepFrame(by: number): void {
  stop();
  toFrame(place.value + by, true);
  clearTimeout(resting);
  resting = setTimeout(rest, 250);
}

/** To the next frame before or after this that somebody has labelled, or that is doubtful. */
export function jump(by: 1 | -1, kind: "labelled" | "doubtful"): void {
  stop();
  const index = nextFrame(frames.value, place.value, by, (frame) => kindOf(frame) === kind);
  if (index !== null) toFrame(index);
}

export const dragTo = (part: number): void => {
  stop();
  toFrame(frameAt(part, frames.value.length), true);
};

/** Begin to play, or stop; from the last frame it begins anew. */
export function play(): void {
  if (playing.value) return stop();
  if (frames.value.length < 2) return;
  confirmTool();
  playing.value = true;
  void played();
}

export function stop(): void {
  if (!playing.value) return;
  playing.value = false;
  rest();
}

async function played(): Promise<void> {
  let index = here.value === frames.value.length - 1 ? -1 : here.value;
  const video = name.value;
  while (playing.value) {
    const begun = performance.now();
    const frame = frames.value[++index];
    if (!frame || name.value !== video) return stop();
    await open(frame.number, true);
    if (current.value !== frame.number) return stop(); // the person has gone elsewhere
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 / speed.value - (performance.now() - begun))));
  }
}

/** What "Follow from here" follows: the chosen object, or all of the frame. */
export function followed(): { objects: number[] | null; named: string } {
  const { segments } = desk.scene;
  const chosen = own();
  if (chosen && segments.length > 1) return { objects: [chosen.id], named: nameOfClass(chosen.classId) };
  return { objects: null, named: segments.length === 1 ? nameOfClass(segments[0].classId) : words.video.all(segments.length) };
}

/** Follow from the open frame: suggestions for those after it, or before it, up to the next that is labelled. */
export async function followHere(direction: "forward" | "backward" = "forward"): Promise<void> {
  stop();
  confirmTool();
  const number = current.value;
  if (number === null || name.value === null || job.value?.status === "running") return;
  if (!desk.scene.segments.length) {
    message.value = words.video.nothingToFollow;
    return;
  }
  const { objects } = followed();
  await run(() => api.followOn(number, { engine: follower.value, direction, objects }));
}

/** What came of it: how many frames, and the first that is doubtful. */
export function outcome(): { suggested: number; doubtful: ImageInfo | null; until: number | null } | null {
  const done = job.value;
  if (done?.kind !== "follow" || done.status === "running" || !done.result) return null;
  const { numbers, suggested, until } = done.result as { numbers?: number[]; suggested?: number; until?: number | null };
  if (suggested === undefined) return null;
  const found = (numbers ?? []).map((number) => frames.value.find((frame) => frame.number === number));
  return { suggested, doubtful: found.find((frame) => frame && kindOf(frame) === "doubtful") ?? null, until: until ?? null };
}
