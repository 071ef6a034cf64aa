/** What a person says of an image: finished, to be reviewed, approved. */

import type { State } from "../../../model/commands";
import { dialog, project } from "../../../store/project";
import { words } from "../../../strings";
import { confirmTool } from "./asking";
import { isTooLittle } from "./drafts";
import { perform } from "./gestures";
import { did } from "./guide";
import { nextOf, open } from "./images";
import { following, isDone, isUnfinished, listed } from "./listing";
import { current, filter, info, layer, searched, stateOf, toolName } from "./state";
import { learnt } from "./jobs";
import { tell, type Way } from "./toast";

/** What saying it is called. */
const NAMES: Record<State, string> = { labelled: "finish", review: "review", approved: "approve", open: "reopen" };

/** Say how far the image is. */
export function mark(state: State, then?: () => void): void {
  if (confirmTool()) return mark(state, then);
  const before = stateOf(info());
  if (before !== state) {
    perform(NAMES[state], [], { said: { state: { before, after: state } } });
    if (state === "labelled") learnt();
  }
  then?.();
}

/** Finish, save, next: the next unfinished image of the list as it is shown, of the person's own task first; around once. */
export function finish(): void {
  if (confirmTool()) return;
  if (isTooLittle()) return tell(words.tooLittle(toolName.value));
  did("finish");
  const me = project.value?.me;
  const mine = info()?.assignee === me && me !== undefined;
  // As it is shown now: a finished image may leave the list.
  const order = following(listed.value, project.value?.images ?? [], current.value).map((image) => image.number);
  mark("labelled", () => {
    const rows = new Map((project.value?.images ?? []).map((image) => [image.number, image]));
    const left = order.map((number) => rows.get(number)!).filter(isUnfinished);
    const next = (mine && left.find((image) => image.assignee === me)) || left[0];
    if (next) void open(next.number);
    else sayAllDone();
  });
}

/** Nothing of the list is left: how far all is, and what comes then. */
function sayAllDone(): void {
  const images = project.value?.images ?? [];
  const done = images.filter(isDone).length;
  const open_ = images.filter(isUnfinished).length;
  const waiting = layer.value === "shared" ? images.filter((image) => image.state === "review" && image.number !== current.value).length : 0;
  const narrowed = filter.value !== "all" || searched.value !== "";
  const ways: Way[] = [];
  if (open_ && narrowed) ways.push({ words: words.showOpen(open_), go: showOpen });
  if (waiting) ways.push({ words: words.actions.nextReview, go: () => void nextReview() });
  ways.push({ words: words.export, go: () => void (dialog.value = "export") });
  tell(narrowed && open_ ? words.listDone(words.filters[filter.value], done, images.length) : words.progress(done, images.length), false, ways);
}

/** The open images of all, and the next of them. */
function showOpen(): void {
  searched.value = "";
  filter.value = layer.value === "own" ? "all" : "open";
  nextOf(isUnfinished);
}

/** Approve, and go on to the next image that waits for a review. */
export function approve(): void {
  const reviewing = info()?.state === "review";
  mark("approved", () => reviewing && nextReview());
}

export const nextReview = (): boolean => nextOf((image) => image.state === "review");
