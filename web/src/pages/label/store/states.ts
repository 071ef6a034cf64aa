/** What a person says of an image: finished, to be reviewed, approved. */

import type { State } from "../../../model/commands";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { confirmTool } from "./asking";
import { isTooLittle } from "./drafts";
import { perform } from "./gestures";
import { did } from "./guide";
import { nextOf, step } from "./images";
import { info, layer, stateOf, toolName } from "./state";
import { learnt } from "./jobs";
import { tell } from "./toast";

/** Say how far the image is. */
export function mark(state: State, then?: () => void): void {
  if (confirmTool()) return mark(state, then);
  const before = stateOf(info());
  if (before !== state) {
    perform("state", [], { said: { state: { before, after: state } } });
    if (state === "labelled") learnt();
  }
  then?.();
}

/** Finish, save, next: of the person's own task, where there is such an image. */
export function finish(): void {
  if (confirmTool()) return;
  if (isTooLittle()) return tell(words.tooLittle(toolName.value));
  did("finish");
  const me = project.value?.me;
  const mine = info()?.assignee === me && me !== undefined;
  mark("labelled", () => {
    const left = (image: { assignee?: string | null; state: string | null; own_labels?: string[] }) =>
      image.assignee === me && (layer.value === "own" ? !image.own_labels?.includes(me!) : image.state === null);
    if (!mine || !nextOf(left)) step(1);
  });
}

/** Approve, and go on to the next image that waits for a review. */
export function approve(): void {
  const reviewing = info()?.state === "review";
  mark("approved", () => reviewing && nextReview());
}

export const nextReview = (): boolean => nextOf((image) => image.state === "review");
