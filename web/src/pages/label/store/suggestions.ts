/** What a person makes of suggestions: objects one by one, or all that are sure enough. */

import type { Point } from "../../../model/bits";
import type { Said } from "../../../model/commands";
import { joined } from "../../../model/joined";
import type { Segment } from "../../../model/scene";
import { fromWire, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { bringing, perform } from "./gestures";
import { atHand, least, looked, offered, remaining, type Suggestion, wanted } from "./offer";
import { desk, info, isExclusive, selected, stateOf } from "./state";
import { learnt } from "./jobs";
import { tell } from "./toast";

/** A person has looked at it and stands for it. */
function taken({ segment, bits }: Suggestion): Segment {
  const { scene } = desk;
  return { ...fromWire(segment, scene.width, scene.height), bits, id: newId(), source: "human", attributes: { ...segment.attributes, accepted: "untouched" } };
}

/** Accept what is shown; the image is finished with that. */
export function accept(): void {
  const now = offered.value;
  if (!now) return;
  const chosen = joined(desk.scene.segments, wanted.value, isExclusive());
  const rest = remaining.value.length - wanted.value.length;
  // The surest on top, as they were shown.
  perform("accept", bringing([...chosen].reverse().map(taken)), {
    said: { state: { before: stateOf(info()), after: "labelled" }, suggestion: { run: now.run, before: "open", after: "accepted" } },
  });
  if (rest) tell(words.acceptedSome(chosen.length, rest, least.value), true);
  learnt();
}

export function reject(): void {
  const now = offered.value;
  if (now) perform("reject", [], { said: { suggestion: { run: now.run, before: "open", after: "rejected" } } });
}

export function acceptOne(each: Suggestion): void {
  const made = taken(each);
  const said = ending("accepted");
  const stepping = looked.value === each.id;
  goOn(each);
  perform("accept one", bringing([made]), said ? { said } : {});
  selected.value = !stepping && desk.scene.find(made.id) ? made.id : null;
}

export function rejectOne(each: Suggestion): void {
  const { run } = offered.value!;
  const some = desk.scene.segments.some(({ attributes }) => attributes.suggested_by === run);
  const said = { objects: { run, ids: [each.id], before: "open" as const, after: "rejected" as const }, ...ending(some ? "accepted" : "rejected") };
  goOn(each);
  perform("reject one", [], { said });
}

/** What is to be said of the whole suggestion with the last object of it. */
const ending = (after: "accepted" | "rejected"): Said | null => (remaining.value.length === 1 ? { suggestion: { run: offered.value!.run, before: "open", after } } : null);

/** The single object that is suggested at a place becomes one. False where there is none. */
export function acceptAt(at: Point): boolean {
  const found = suggestedAt(at);
  if (found) acceptOne(found);
  return found !== null;
}

export function rejectAt(at: Point): boolean {
  const found = suggestedAt(at);
  if (found) rejectOne(found);
  return found !== null;
}

/** The surest of those that are shown there. */
const suggestedAt = (at: Point): Suggestion | null => wanted.value.find(({ bits }) => bits.has(Math.floor(at.x), Math.floor(at.y))) ?? null;

/** From one suggestion to the next, the surest first, and around. */
export function stepLooked(by: number): void {
  const all = wanted.value;
  if (!all.length) return;
  const at = all.findIndex((each) => each.id === looked.value);
  selected.value = null;
  looked.value = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length].id;
}

/** What is looked at goes; then the next is looked at, where one was. */
function goOn(gone: Suggestion): void {
  if (looked.value !== gone.id) return;
  const all = wanted.value;
  const at = all.indexOf(gone);
  looked.value = (all[at + 1] ?? all[at - 1])?.id ?? null;
}

/** The one that is looked at; where none is, the surest is looked at first: nothing is judged unseen. */
function judge(what: (each: Suggestion) => void): void {
  if (atHand.value) what(atHand.value);
  else stepLooked(1);
}

export const acceptLooked = (): void => judge(acceptOne);
export const rejectLooked = (): void => judge(rejectOne);
