/** Questions to an engine, and what becomes of its answers. */

import { api, type Question } from "../../../api/client";
import { Bits, type Point } from "../../../model/bits";
import { format, parse } from "../../../model/rle";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { clicked, commit, draw } from "./gestures";
import { answered, asking, candidateShown, current, desk, drawing, engine, own, threshold, toolName } from "./state";
import { tell } from "./toast";

interface Prompts {
  points: Point[];
  labels: number[];
  box?: [Point, Point];
}

let candidates: Bits[] = [];
let candidate = 0;
let question = 0;
let abort: AbortController | null = null;
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
  abort?.abort();
  abort = new AbortController();
  const seq = ++question;
  asking.value = !hovers;
  const { scene } = desk;
  const { box } = prompts;
  // Only where a person wants the chosen object refined is the engine told of it.
  const old = drawing.value === "refine" ? own() : null;
  about = old?.id ?? null;
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
      abort.signal,
    );
    if (answer.seq !== question) return; // a newer question is on its way
    candidates = answer.counts.map((counts) => Bits.fromCounts(parse(counts), scene.width, scene.height)).filter((bits) => !bits.empty);
    candidate = Math.max(0, Math.min(candidate, candidates.length - 1));
    answered.value = !hovers;
    message.value = `${Math.round(answer.milliseconds)} ms`;
    if (!candidates.length && !hovers) tell(words.foundNothing(box !== undefined, threshold.value > 0.5));
    show();
  } catch (error) {
    if ((error as Error).name !== "AbortError") message.value = (error as Error).message;
  } finally {
    if (seq === question) asking.value = false;
  }
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

/** Finish what the tool has begun, as Enter does. False where there was nothing. */
export function confirmTool(): boolean {
  // An answer that is still on its way is not to be kept unseen.
  if (asking.value) return false;
  return desk.board?.tool?.confirm?.() ?? false;
}

export function abandon(): void {
  abort?.abort();
  clearTimeout(hovering);
  question++;
  forget();
  asking.value = false;
  desk.board?.tool?.cancel?.();
  desk.board?.preview(null);
}
