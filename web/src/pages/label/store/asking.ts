/** Questions to an engine, and what becomes of its answers. */

import { api, type Question } from "../../../api/client";
import { Bits, type Point } from "../../../model/bits";
import { format, parse } from "../../../model/rle";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { hand } from "./drafts";
import { clicked, commit, draw } from "./gestures";
import { answered, asking, candidateShown, classId, current, desk, type Drawing, drawing, engine, nameOfClass, own, selected, threshold, toolName, version } from "./state";
import { tell, toast } from "./toast";

interface Prompts {
  points: Point[];
  labels: number[];
  box?: [Point, Point];
}

/** What an answer becomes that is wanted before it is here: as it was said then. */
interface Wanted {
  tool: string;
  begun: unknown;
  classId: number;
  drawing: Drawing;
  selected: number | null;
}

/** A question that is on its way. */
interface Asked {
  abort: AbortController;
  /** The object that it is about; null where it is about a new one. */
  about: number | null;
  wanted: Wanted | null;
}

let candidates: Bits[] = [];
let candidate = 0;
let question = 0;
/** The newest question, while it is on its way. */
let asked: Asked | null = null;
/** Questions whose answers are kept as soon as they are here. */
const wanted = new Set<Asked>();
let waiters: (() => void)[] = [];
let hovering: ReturnType<typeof setTimeout> | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;
let hovered = false;
let last: Prompts | null = null;
/** The object that the open question is about; null where it is about a new one. */
let about: number | null = null;

export function nothingAsked(): Question {
  return { engine: engine.value, points: [], labels: [], box: null, mask: null, text: null, threshold: 0.5, seq: 0 };
}

/** What a click here would give, shown while the pointer rests. Only where nothing is asked already, and it would be a new object. */
export function hover(at: Point): void {
  clearTimeout(hovering);
  if (candidates.length && !hovered) return;
  hovering = setTimeout(() => {
    if (!asking.value && drawing.value === "new") void ask({ points: [at], labels: [1] }, true);
  }, 180);
}

export async function ask(prompts: Prompts, hovers = false): Promise<void> {
  if (current.value === null) return;
  clearTimeout(hovering);
  hovered = hovers;
  // The same question with another threshold is not a new prompt, and keeps the candidate that was chosen.
  if (prompts !== last) candidate = 0;
  if (!hovers && prompts !== last) clicked();
  if (!hovers) last = prompts;
  if (!asked?.wanted) asked?.abort.abort();
  const seq = ++question;
  asking.value = !hovers;
  const { scene } = desk;
  const { box } = prompts;
  // Only where a person wants the chosen object refined is the engine told of it.
  const old = drawing.value === "refine" ? own() : null;
  about = old?.id ?? null;
  const mine: Asked = { abort: new AbortController(), about, wanted: null };
  asked = mine;
  try {
    const answer = await api.ask(
      current.value,
      {
        ...nothingAsked(), seq, labels: prompts.labels, points: prompts.points.map((p) => [p.x, p.y] as [number, number]),
        threshold: threshold.value,
        box: box
          ? [Math.min(box[0].x, box[1].x), Math.min(box[0].y, box[1].y), Math.max(box[0].x, box[1].x), Math.max(box[0].y, box[1].y)]
          : null,
        mask: old && !box ? format(old.bits.toCounts(scene.width, scene.height)) : null,
      },
      mine.abort.signal,
    );
    const found = answer.counts.map((counts) => Bits.fromCounts(parse(counts), scene.width, scene.height)).filter((bits) => !bits.empty);
    if (mine.wanted) {
      if (seq === question) forget();
      if (desk.scene === scene) keepWanted(mine, found[0], box !== undefined);
      return;
    }
    if (answer.seq !== question) return; // a newer question is on its way
    candidates = found;
    candidate = Math.max(0, Math.min(candidate, candidates.length - 1));
    answered.value = !hovers;
    message.value = `${Math.round(answer.milliseconds)} ms`;
    if (!candidates.length && !hovers) tell(words.foundNothing(box !== undefined, threshold.value > 0.5));
    show();
  } catch (error) {
    if ((error as Error).name !== "AbortError") {
      message.value = (error as Error).message;
      takeBack(mine, seq === question);
    }
  } finally {
    if (asked === mine) asked = null;
    if (seq === question) asking.value = false;
    wanted.delete(mine);
    if (!wanted.size) for (const go of waiters.splice(0)) go();
  }
}

/** Keep the answer that comes to the open question, as things are now; the tool is free for the next. */
function want(): void {
  if (!asked || asked.wanted) return;
  const tool = desk.board?.tool;
  asked.wanted = { tool: toolName.value, begun: tool?.draft?.() ?? null, classId: classId.value, drawing: drawing.value, selected: selected.value };
  wanted.add(asked);
  tool?.cancel?.();
  tell(words.keepsSoon);
}

/** The answer that was wanted is here. What was chosen for drawing meanwhile stays chosen. */
function keepWanted(question: Asked, found: Bits | undefined, boxed: boolean): void {
  if (!found) return tell(words.foundNothing(boxed, false));
  const then = question.wanted!;
  const now = { classId: classId.value, drawing: drawing.value, selected: selected.value };
  const before = version.value;
  [classId.value, drawing.value, selected.value] = [then.classId, then.drawing, then.selected];
  if (question.about !== null && question.about === own()?.id) commit("refine", () => found);
  else draw(boxed ? "box" : then.tool === "scribble" ? "scribble" : "click", found);
  if (version.value !== before) sayKept();
  [classId.value, drawing.value] = [now.classId, now.drawing];
  if (now.selected !== then.selected) selected.value = now.selected;
}

/** No answer came: what was asked with is in the tool again, where nothing else is begun. */
function takeBack({ wanted: then }: Asked, newest: boolean): void {
  const tool = desk.board?.tool;
  if (!then?.begun || !newest || toolName.value !== then.tool || (tool?.draft?.() ?? null) !== null) return;
  tool?.resume?.(then.begun);
}

/** Say what has just been kept, unless what it cost is said. */
export function sayKept(): void {
  if (!toast.value?.undo) tell(words.keptAs(nameOfClass(own()?.classId ?? classId.value)), true);
}

/** When every answer that is wanted has come. */
export const allKept = (): Promise<void> => (wanted.size ? new Promise((done) => waiters.push(done)) : Promise.resolve());

/** What is asked with, of the answer that is wanted; null where none is. */
hand.wanted = () => [...wanted].find((question) => question.wanted?.tool === toolName.value)?.wanted?.begun ?? null;

/** Want no answer any more. False where none was. */
export function letGo(): boolean {
  if (!wanted.size) return false;
  for (const question of wanted) {
    question.wanted = null;
    question.abort.abort();
  }
  tell(null);
  return true;
}

/** How sure the engine has to be; the open question is answered anew. */
export function setThreshold(value: number): void {
  threshold.value = value;
  clearTimeout(waiting);
  const again = last;
  if (again) waiting = setTimeout(() => void ask(again), 60);
}

export function keepAnswer(): void {
  const found = candidates[candidate];
  const again = last;
  const refined = about !== null && about === own()?.id;
  forget();
  desk.board?.preview(null);
  // Enter must not end in silence.
  if (!found) return again ? tell(words.foundNothing(again.box !== undefined, false)) : undefined;
  if (refined) commit("refine", () => found);
  else draw(again?.box ? "box" : toolName.value === "scribble" ? "scribble" : "click", found);
}

export function nextCandidate(): void {
  if (candidates.length < 2) return answered.value ? tell(words.oneCandidate) : undefined;
  candidate = (candidate + 1) % candidates.length;
  show();
}

/** The candidate that is chosen, on the image and in the bar below it. */
function show(): void {
  desk.board?.preview(candidates[candidate] ?? null);
  candidateShown.value = candidates.length > 1 && !hovered ? { at: candidate + 1, of: candidates.length } : null;
}

function forget(): void {
  candidates = [];
  candidate = 0;
  last = null;
  about = null;
  threshold.value = 0.5;
  candidateShown.value = null;
  answered.value = false;
  clearTimeout(waiting);
}

/** Finish what the tool has begun, as Enter does; an answer that is on its way is kept when it comes. False where there was nothing. */
export function confirmTool(): boolean {
  if (asking.value) {
    want();
    return true;
  }
  return desk.board?.tool?.confirm?.() ?? false;
}

/** Finish what the tool has begun because something else is taken up, and say what became of it. */
export function keepBegun(): void {
  const before = version.value;
  if (confirmTool() && version.value !== before) sayKept();
}

export function abandon(): void {
  letGo();
  asked?.abort.abort();
  clearTimeout(hovering);
  question++;
  forget();
  asking.value = false;
  desk.board?.tool?.cancel?.();
  desk.board?.preview(null);
}
