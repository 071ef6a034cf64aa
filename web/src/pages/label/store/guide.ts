/** The guide: four steps on a person's own first image, each of which is over when they have really done it. */

import { signal } from "@preact/signals";
import type { Command } from "../../../model/commands";
import { recall, remember } from "../../../store/kept";
import type { Project } from "../../../api/client";

export const STEPS = ["class", "outline", "correct", "finish"] as const;
export type Step = (typeof STEPS)[number];

const NAME = "maskwright guide";
const CLOSED = "closed";

/** The steps that are done, while the guide is shown. */
export const guide = signal<ReadonlySet<Step> | null>(null);

/** The step that is next; null after the last. */
export const nextStep = (done: ReadonlySet<Step>): Step | null => STEPS.find((step) => !done.has(step)) ?? null;

/** Show it from the beginning. */
export function startGuide(): void {
  keep(new Set());
}

export function closeGuide(): void {
  guide.value = null;
  remember(NAME, CLOSED);
}

/** Go on where it was, or begin it where nobody has labelled anything yet; who closed it once is not shown it again. */
export function resumeGuide({ images }: Project): void {
  const held = recall(NAME);
  if (held === CLOSED) return;
  if (held !== null) keep(new Set(STEPS.filter((step) => held.split(",").includes(step))));
  else if (images.length && images.every((image) => !image.objects && !image.state)) startGuide();
}

/** The person did this. */
export function did(step: Step): void {
  if (guide.value && !guide.value.has(step)) keep(new Set([...guide.value, step]));
}

type Done = { readonly kind: string; readonly changes: readonly { readonly before: unknown; readonly after: unknown }[] } & Pick<Command, "said">;

/** The step that a gesture is, by what it made, changed or said; none of others. */
function stepOf({ kind, changes, said }: Done): Step | null {
  if (kind === "accept" || kind === "restore") return null;
  if (!changes.length) return said?.state?.after === "labelled" ? "finish" : null;
  return changes.some(({ before, after }) => !before && after) ? "outline" : "correct";
}

/** A gesture was made, or made again. */
export function gestured(done: Done): void {
  const step = stepOf(done);
  if (step) did(step);
}

/** A gesture was taken back: its step is not done any more, where none of those that stand is that step too. */
export function takenBack(done: Done, standing: readonly Done[]): void {
  const step = stepOf(done);
  if (!step || !guide.value?.has(step) || standing.some((other) => stepOf(other) === step)) return;
  keep(new Set([...guide.value].filter((other) => other !== step)));
}

function keep(done: ReadonlySet<Step>): void {
  guide.value = done;
  // After the last step it is seen to its end, but does not come again.
  remember(NAME, nextStep(done) ? [...done].join(",") : CLOSED);
}
