/** What can be done, by name: every key and most buttons end here. */

import { change } from "../../../model/scene";
import { dialog, message, project } from "../../../store/project";
import { newId } from "../../../store/wire";
import { abandon, confirmTool, nextCandidate } from "./asking";
import { crowd, hide, intersect, isolate, merge, perform, redo, remove, restack, setClass, shapes, split, subtract, undo } from "./gestures";
import { doubtful, open, step } from "./images";
import * as keys from "./keys";
import { byObject, current, desk, drawable, grid, keymap, opacity, outlines, overview, own, protect, radius, redraw, selected, snap } from "./state";
import { approve, finish, mark, nextReview } from "./states";
import { accept, reject } from "./suggestions";
import { pick, toolNames } from "./tools";
import { focusWanted, levelling, openPanel, panelOpen, setLevelling } from "./window";

async function copyToNext(): Promise<void> {
  const old = own();
  if (!old) return;
  const images = project.value?.images ?? [];
  const next = images[images.findIndex((image) => image.number === current.value) + 1];
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

export const actions: Record<string, () => void> = {
  undo, redo, remove, accept, reject, doubtful, split, merge, subtract, intersect, crowd, hide, isolate, finish, approve, ...shapes,
  next: () => step(1),
  previous: () => step(-1),
  bigger: () => (radius.value = Math.min(400, Math.ceil(radius.value * 1.25))),
  smaller: () => (radius.value = Math.max(0.5, Math.floor(radius.value / 1.25))),
  candidate: nextCandidate,
  abandon: () => {
    abandon();
    setLevelling(false);
    dialog.value = "";
    message.value = "";
  },
  deselect: () => {
    confirmTool();
    selected.value = null;
    desk.board?.redraw();
  },
  raise: () => restack(true, "raise"),
  lower: () => restack(false, "lower"),
  keys: () => (dialog.value = dialog.value === "keys" ? "" : "keys"),
  work: () => (dialog.value = dialog.value === "team" ? "" : "team"),
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

export function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox") return;
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return;
  const name = keys.nameOf(event);
  if (/^[1-9]$/.test(name)) {
    const wanted = drawable()[Number(name) - 1];
    if (wanted) setClass(wanted.id);
    event.preventDefault();
    return;
  }
  const found = Object.entries(keymap.value).find(([, key]) => key === name || (key === "delete" && name === "backspace"));
  // Enter on a button presses the button.
  if (!found || (name === "enter" && target instanceof HTMLButtonElement)) return;
  event.preventDefault();
  actions[found[0]]?.();
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
