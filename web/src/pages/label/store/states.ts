/** What a person says of an image: finished, to be reviewed, approved. */

import type { State } from "../../../model/commands";
import { dialog, project } from "../../../store/project";
import { words } from "../../../strings";
import { allKept, confirmTool } from "./asking";
import { isTooLittle } from "./drafts";
import { perform } from "./gestures";
import { did } from "./guide";
import { nextOf, open } from "./images";
import { following, isDone, isUnfinished, listed } from "./listing";
import { asking, classId, current, desk, filter, info, layer, nameOfClass, own, searched, stateOf, toolName, version } from "./state";
import { learnt } from "./jobs";
import { tell, type Way } from "./toast";
import { undo } from "./undo";

/** What saying it is called. */
const NAMES: Record<State, string> = { labelled: "finish", review: "review", approved: "approve", open: "reopen" };

/** Keep what is begun and go on; where its answer is on its way, when that is kept. What was kept is said last, with a way to take back all of it. */
function keepFirst(go: () => void): void {
  const [waits, before, image] = [asking.value, version.value, current.value];
  const on = () => {
    const kept = version.value !== before ? nameOfClass(own()?.classId ?? classId.value) : null;
    const state = stateOf(info());
    go();
    if (kept === null) return;
    const steps = stateOf(project.value?.images.find((row) => row.number === image) ?? null) === state ? 1 : 2;
    const back = () => {
      for (let k = 0; k < steps; k++) undo();
    };
    tell(words.keptAs(kept), false, [{ words: words.actions.undo, go: back }]);
  };
  if (confirmTool() && waits) void allKept().then(() => version.value !== before && current.value === image && on());
  else on();
}

/** Say how far the image is. What is begun is kept first; on an image that is opened again it stays as it is. */
export function mark(state: State, then?: () => void): void {
  if (state === "open") say(state, then);
  else keepFirst(() => say(state, then));
}

function say(state: State, then?: () => void): void {
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
  const bare = desk.scene.segments.length === 0 && stateOf(info()) !== "labelled" ? (info()?.key ?? null) : null;
  say("labelled", () => {
    const rows = new Map((project.value?.images ?? []).map((image) => [image.number, image]));
    const left = order.map((number) => rows.get(number)!).filter(isUnfinished);
    const next = (mine && left.find((image) => image.assignee === me)) || left[0];
    if (next) void open(next.number);
    else sayAllDone(bare);
    if (next && bare !== null) tell(words.finishedEmpty(bare), true);
  });
}

/** The button: what is begun is kept, and the image finished in one go; an answer that nobody has seen yet is only kept. */
export function finishNow(): void {
  if (asking.value) finish();
  else keepFirst(finish);
}

/** Nothing of the list is left: how far all is, and what comes then. bare: the image that was finished with nothing on it. */
function sayAllDone(bare: string | null): void {
  const images = project.value?.images ?? [];
  const done = images.filter(isDone).length;
  const open_ = images.filter(isUnfinished).length;
  const waiting = layer.value === "shared" ? images.filter((image) => image.state === "review" && image.number !== current.value).length : 0;
  const narrowed = filter.value !== "all" || searched.value !== "";
  const ways: Way[] = [];
  if (open_ && narrowed) ways.push({ words: words.showOpen(open_), go: showOpen });
  if (waiting) ways.push({ words: words.actions.nextReview, go: () => void nextReview() });
  ways.push({ words: words.export, go: () => void (dialog.value = "export") });
  const how = narrowed && open_ ? words.listDone(words.filters[filter.value], done, images.length) : words.progress(done, images.length);
  tell(bare === null ? how : `${how}; ${words.finishedEmpty(bare)}`, bare !== null, ways);
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
