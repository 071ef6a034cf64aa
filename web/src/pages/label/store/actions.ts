/** What can be done, by name: every key and most buttons end here. */

import { toPage } from "../../../address";
import { change } from "../../../model/scene";
import { dialog, message, project } from "../../../store/project";
import { newId } from "../../../store/wire";
import { abandon, keepBegun, letGo, nextCandidate } from "./asking";
import { crowd, hide, intersect, isolate, merge, perform, reclass, remove, restack, setClass, shapes, split, subtract } from "./gestures";
import { beside, doubtful, open, step } from "./images";
import * as keys from "./keys";
import { atHand, looked, offered } from "./offer";
import { byObject, desk, drawable, type Drawing, drawing, filter, grid, keymap, opacity, outlines, overview, own, protect, radius, redraw, selected, snap } from "./state";
import { showInstructions, told } from "./setup";
import { approve, finish, finishNow, mark, nextReview } from "./states";
import { accept, acceptLooked, reject, rejectLooked, stepLooked } from "./suggestions";
import { pick, toolNames } from "./tools";
import { redo, undo } from "./undo";
import { followHere, frames, jump, play, playing, stepFrame, stop } from "./video";
import { focusWanted, levelling, openPanel, panelOpen, setLevelling } from "./window";

async function copyToNext(): Promise<void> {
  const old = own();
  if (!old) return;
  const next = beside(1);
  if (!next) return;
  await open(next.number);
  const bits = old.bits.window(desk.scene.box).trimmed();
  if (bits.empty) return;
  const copy = { ...old, id: newId(), bits, source: "human" as const };
  perform("copy", [change(desk.scene, copy)]);
  selected.value = copy.id;
}

const flip = (setting: { value: boolean }) => () => {
  setting.value = !setting.value;
  redraw();
};

const shade = (by: number) => () => {
  opacity.value = Math.max(0, Math.min(1, opacity.value + by));
  redraw();
};

/** What drawing does from here on; a second time: back to new objects. */
export function setDrawing(to: Drawing): void {
  keepBegun();
  drawing.value = drawing.value === to ? "new" : to;
  redraw();
}

/** The tool's last corner, or what was done last. */
const back = () => {
  if (!desk.board?.tool?.back?.() && !letGo()) undo();
};

/** Escape: whatever is under way ends, nothing is chosen, and what is drawn next is a new object. */
function end(): void {
  abandon();
  setLevelling(false);
  selected.value = null;
  looked.value = null;
  drawing.value = "new";
  message.value = "";
  redraw();
}

/** The queue of what is suggested, beginning with what is doubted most, where the open image is not of it. */
export function review(): void {
  filter.value = "suggested";
  pick("select");
  if (!offered.value) doubtful();
}

export const actions: Record<string, () => void> = {
  undo: back, redo, remove: () => void (desk.board?.tool?.back?.() || remove()), accept, reject, doubtful, split, merge, subtract, intersect, crowd, hide, isolate, finish, finishNow, approve, ...shapes,
  lookOn: () => stepLooked(1),
  lookBack: () => stepLooked(-1),
  suggest: () => (dialog.value = dialog.value === "suggest" ? "" : "suggest"),
  next: () => step(1),
  previous: () => step(-1),
  bigger: () => (radius.value = Math.min(400, Math.ceil(radius.value * 1.25))),
  smaller: () => (radius.value = Math.max(0.5, Math.floor(radius.value / 1.25))),
  candidate: nextCandidate,
  end,
  newObject: () => {
    keepBegun();
    selected.value = null;
    drawing.value = "new";
    redraw();
  },
  addTo: () => setDrawing("add"),
  subtractFrom: () => setDrawing("subtract"),
  refine: () => setDrawing("refine"),
  raise: () => restack(true, "raise"),
  lower: () => restack(false, "lower"),
  keys: () => (dialog.value = dialog.value === "keys" ? "" : "keys"),
  explore: () => toPage("explore"),
  work: () => (dialog.value = dialog.value === "work" ? "" : "work"),
  play,
  frameBefore: () => (frames.value.length ? stepFrame(-1) : step(-1)),
  frameAfter: () => (frames.value.length ? stepFrame(1) : step(1)),
  labelledBefore: () => jump(-1, "labelled"),
  labelledAfter: () => jump(1, "labelled"),
  followHere: () => void followHere(),
  project: () => (dialog.value = dialog.value === "setup" ? "" : "setup"),
  instructions: () => showInstructions(!told.value || !project.value?.instructions),
  findClass: () => document.querySelector<HTMLInputElement>("#find-class")?.focus(),
  values: () => document.querySelector<HTMLElement>(".values :is(input, select)")?.focus(),
  window: () => {
    focusWanted.value = !panelOpen.value;
    openPanel(!panelOpen.value);
    if (!panelOpen.value) desk.board?.canvas.focus();
  },
  level: () => setLevelling(!levelling.value),
  fit: () => desk.board?.fit(),
  clockwise: () => desk.board?.turn(15),
  anticlockwise: () => desk.board?.turn(-15),
  upright: () => desk.board?.turn(-desk.board.view.angle),
  outlines: flip(outlines),
  byObject: flip(byObject),
  grid: flip(grid),
  overview: flip(overview),
  protect: flip(protect),
  snap: flip(snap),
  opaque: shade(0.1),
  clear: shade(-0.1),
  copy: () => void copyToNext(),
  history: () => (dialog.value = "history"),
  review: () => mark("review"),
  reopen: () => mark("open"),
  nextReview: () => void nextReview(),
  ...Object.fromEntries(toolNames.map((name) => [name, () => pick(name)])),
};

/** Does the element want this key for itself? */
function takesKey(target: HTMLElement, name: string): boolean {
  // A slider or a choice is moved by arrows.
  if (target instanceof HTMLInputElement && ["range", "radio"].includes(target.type) && name.startsWith("arrow")) return true;
  if (target instanceof HTMLInputElement) return !["range", "checkbox", "radio", "button", "color"].includes(target.type);
  // A choice has no undo of its own.
  if (target instanceof HTMLSelectElement) return !name.startsWith("ctrl+");
  return target instanceof HTMLTextAreaElement || target.isContentEditable;
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  // What lies over the page has the keys; nothing is done behind it.
  if (document.querySelector('[aria-modal="true"]')) return;
  const target = event.target as HTMLElement;
  const name = keys.nameOf(event);
  // A slider has its own use for arrows, and holding Space moves the image: a short press is told by the board.
  if (name === "space" || (target instanceof HTMLInputElement && /arrow|home|end|page/.test(name))) return;
  if (takesKey(target, name)) {
    if (name === "escape") desk.board?.canvas.focus();
    return;
  }
  const digit = /^(shift\+)?[1-9]$/.exec(name);
  if (digit) {
    const wanted = drawable()[Number(name.at(-1)) - 1];
    if (wanted) (digit[1] ? reclass : setClass)(wanted.id);
    event.preventDefault();
    return;
  }
  const found = Object.entries(keymap.value).find(([, key]) => key === name || (key === "delete" && name === "backspace"));
  // Enter on a button presses the button; Tab goes to the next.
  if (!found || name === "tab" || (name === "enter" && target instanceof HTMLButtonElement)) return;
  event.preventDefault();
  if (playing.value && found[0] !== "play") stop();
  (judging(found[0]) ?? actions[found[0]])?.();
}

/** What the keys for the next and the last frame do while suggestions are looked through: they accept and reject. */
function judging(name: string): (() => void) | null {
  if (!atHand.value && (frames.value.length || !offered.value)) return null;
  return { frameAfter: acceptLooked, frameBefore: rejectLooked }[name] ?? null;
}

/** Space was pressed and nothing was moved with it. */
export function onTap(): void {
  if (document.querySelector('[aria-modal="true"]')) return;
  const found = Object.entries(keymap.value).find(([, key]) => key === "space");
  if (found) actions[found[0]]?.();
}

export function remap(action: string, key: string): void {
  const next = { ...keymap.value };
  for (const [other, held] of Object.entries(next)) if (held === key && other !== action) next[other] = "";
  next[action] = key;
  keymap.value = next;
  keys.store(next);
}

export function resetKeys(): void {
  keymap.value = { ...keys.defaults };
  keys.store(keymap.value);
}
