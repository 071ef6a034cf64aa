/** What the page knows, and what can be done: every button and key ends here. */

import { signal } from "@preact/signals";
import { api, type ClassInfo, type Imported, type Job, type LossReport, type Project, type WireThing } from "../api/client";
import { Bits, type Point } from "../model/bits";
import { type Command, History } from "../model/history";
import { format, parse } from "../model/rle";
import { change, type Change, removal, Scene, type Thing } from "../model/scene";
import { Brush } from "../tools/brush";
import { Outline } from "../tools/outline";
import { Box, Click } from "../tools/prompt";
import { Select } from "../tools/select";
import type { Bench, Tool } from "../tools/tool";
import { Wand } from "../tools/wand";
import { Board } from "../views/board";
import * as keys from "./keys";
import { openShelf } from "./pending";
import { Sync } from "./sync";
import { fromWire, gesture, newId } from "./wire";

export const project = signal<Project | null>(null);
export const current = signal<number | null>(null);
export const selected = signal<number | null>(null);
export const classId = signal<number>(1);
export const toolName = signal("brush");
export const radius = signal(12);
export const opacity = signal(0.45);
export const brightness = signal(1);
export const outlines = signal(true);
export const byObject = signal(false);
export const protect = signal(false);
export const engine = signal("classical");
export const status = signal({ state: "saved", waiting: 0, words: "" });
export const version = signal(0);
export const suggested = signal<WireThing[]>([]);
/** The run whose suggestion is shown, which may be that nothing is there; none where nothing is suggested. */
export const offered = signal<string | null>(null);
export const job = signal<Job | null>(null);
export const others = signal<string[]>([]);
export const message = signal("");
export const dialog = signal<"" | "keys" | "export" | "import" | "classes" | "history">("");
export const keymap = signal(keys.load());
export const asking = signal(false);

export let scene = new Scene(1, 1);
let history = new History(scene);
let board: Board | null = null;
let sync: Sync;
let since = performance.now();
let clicks = 0;
let candidates: Bits[] = [];
let candidate = 0;
let question = 0;
let abort: AbortController | null = null;
const tab = crypto.randomUUID();

export const colourOf = (id: number): number => {
  const row = project.value?.classes.find((one) => one.id === id)?.colour;
  return row ? (row[0] << 16) | (row[1] << 8) | row[2] : 0x3388ff;
};

export async function begin(): Promise<void> {
  const found = await api.project();
  project.value = found;
  classId.value = found.classes.find((one) => one.role === "class")?.id ?? 1;
  sync = new Sync({ apply: api.apply }, await openShelf(found.place), () => {
    status.value = { state: sync.state, waiting: sync.waiting, words: sync.words };
  });
  await sync.begin();
  window.addEventListener("beforeunload", (event) => {
    if (sync.waiting) event.preventDefault();
  });
  setInterval(() => void beat(), 8000);
  const wanted = Number(location.hash.slice(1));
  const first = found.images.find((one) => one.number === wanted) ?? found.images[0];
  if (first) await open(first.number);
}

async function beat(): Promise<void> {
  if (current.value === null) return;
  try {
    others.value = await api.present(current.value, tab);
  } catch {
    others.value = [];
  }
}

export function attach(canvas: HTMLCanvasElement): void {
  board = new Board(canvas, () => ({
    opacity: opacity.value, outlines: outlines.value, byObject: byObject.value, colour: colourOf, selected: selected.value,
  }));
  (window as unknown as { maskwright: unknown }).maskwright = { board, scene: () => scene, sync: () => sync };
  pick(toolName.value);
}

export function redraw(): void {
  if (board) board.brightness = brightness.value;
  board?.redraw();
}

// -- images ------------------------------------------------------------------------------------------

export async function open(number: number): Promise<void> {
  const info = project.value?.images.find((one) => one.number === number);
  if (!info || !board) return;
  abandon();
  await sync.settled(number);
  const [things, picture] = await Promise.all([
    api.objects(number),
    fetch(`/api/images/${number}/picture`)
      .then((answer) => (answer.ok ? answer.blob() : answer.text().then((text) => Promise.reject(new Error(text)))))
      .then((blob) => createImageBitmap(blob)),
  ]).catch((error: Error) => {
    message.value = error.message;
    return [null, null] as const;
  });
  if (!things) return;
  scene = new Scene(info.width, info.height);
  scene.load(things.objects.map((one) => fromWire(one, info.width, info.height)));
  history = new History(scene);
  sync.forget(number);
  for (const one of things.objects) sync.knows(number, one.id, one.revision ?? 0);
  current.value = number;
  selected.value = null;
  suggested.value = [];
  offered.value = null;
  location.hash = String(number);
  since = performance.now();
  clicks = 0;
  board.show(scene, picture);
  version.value++;
  if (!things.objects.length) await offer(number, things.fields.rejected);
  void beat();
  const next = project.value!.images[project.value!.images.indexOf(info) + 1];
  // The next picture is encoded while this one is worked on.
  if (next) void api.prepare(next.number, ask0()).catch(() => undefined);
}

/** Show what is suggested for the image, unless that very suggestion was rejected. */
async function offer(number: number, rejected: unknown): Promise<void> {
  const found = await api.suggestion(number).catch(() => null);
  const run = found?.fields.run;
  if (!found || typeof run !== "string" || run === rejected || current.value !== number) return;
  offered.value = run;
  showSuggestion(found.objects);
}

function showSuggestion(objects: WireThing[]): void {
  suggested.value = objects;
  board?.suggest(
    objects.map((one) => ({
      bits: Bits.fromCounts(parse(one.counts), scene.width, scene.height), colour: colourOf(one.class_id),
    })),
  );
}

export function step(by: number): void {
  const images = project.value?.images ?? [];
  const at = images.findIndex((one) => one.number === current.value);
  const next = images[at + by];
  if (next) void open(next.number);
}

export function doubtful(): void {
  const images = (project.value?.images ?? []).filter((one) => one.confidence != null && one.number !== current.value);
  images.sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1));
  if (images[0]) void open(images[0].number);
}

// -- gestures ----------------------------------------------------------------------------------------

function effort(): Record<string, number> {
  const now = performance.now();
  // Pauses of more than ten seconds are no work.
  const seconds = Math.min(10, (now - since) / 1000);
  const out = { seconds: Math.round(seconds * 1000) / 1000, clicks };
  since = now;
  clicks = 0;
  return out;
}

function send(command: Command, fields: Record<string, string | number | boolean | null> = {}): void {
  if (current.value === null) return;
  const number = current.value;
  void sync.push(number, gesture(command, scene.width, scene.height, effort(), fields));
  const rows = project.value!.images.map((one) =>
    one.number === number
      ? { ...one, objects: scene.things.length, confidence: null, ...("state" in fields ? { state: fields.state as string } : {}) }
      : one,
  );
  project.value = { ...project.value!, images: rows };
  version.value++;
  board?.redraw();
}

export function perform(kind: string, changes: Change[]): void {
  if (!changes.length) return;
  const command = { kind, changes };
  history.do(command);
  send(command);
}

export function undo(): void {
  const command = history.undo();
  if (command) send(command);
  if (selected.value !== null && !scene.find(selected.value)) selected.value = null;
}

export function redo(): void {
  const command = history.redo();
  if (command) send(command);
}

/** One gesture on the selected object, or on a new one of the chosen class. */
export function commit(kind: string, edit: (bits: Bits) => Bits): void {
  const old = selected.value === null ? undefined : scene.find(selected.value);
  let bits = edit(old?.bits ?? Bits.none).trimmed();
  if (protect.value) bits = bits.minus(scene.others(old?.id ?? null));
  bits = bits.window(scene.box).trimmed();
  if (!old && bits.empty) return;
  if (old && bits.equals(old.bits)) return;
  if (bits.empty && old) {
    perform(kind, [removal(scene, old.id)]);
    selected.value = null;
    return;
  }
  const after: Thing = old
    ? { ...old, bits, source: "human", attributes: touchedUp(old.attributes) }
    : { id: newId(), classId: classId.value, bits, crowd: false, source: "human", score: null, attributes: {} };
  perform(kind, [change(scene, after)]);
  selected.value = after.id;
}

/** What was accepted untouched is so no longer. */
function touchedUp(attributes: Thing["attributes"]): Thing["attributes"] {
  return attributes.accepted === "untouched" ? { ...attributes, accepted: "mended" } : attributes;
}

export function remove(): void {
  if (selected.value === null) return;
  perform("delete", [removal(scene, selected.value)]);
  selected.value = null;
}

export function setClass(id: number): void {
  classId.value = id;
  const old = selected.value === null ? undefined : scene.find(selected.value);
  if (old && old.classId !== id) perform("class", [change(scene, { ...old, classId: id, source: "human" })]);
}

function own(): Thing | null {
  return selected.value === null ? null : (scene.find(selected.value) ?? null);
}

const { round } = Math;
const reach = () => Math.max(1, round(radius.value / 6));

export function split(): void {
  const old = own();
  if (!old) return;
  const parts = old.bits.parts();
  if (parts.length < 2) return;
  const fresh = parts.slice(1).map((bits) => ({ ...old, id: newId(), bits, source: "human" as const }));
  perform("split", [
    change(scene, { ...old, bits: parts[0], source: "human" }),
    ...fresh.map((one, k) => ({ id: one.id, before: null, after: one, from: scene.things.length + k, to: scene.things.length + k })),
  ]);
}

export function merge(): void {
  const old = own();
  if (!old) return;
  const at = scene.indexOf(old.id);
  const under = scene.things.slice(0, at).reverse().find((one) => one.classId === old.classId) ?? scene.things.find((one) => one.id !== old.id && one.classId === old.classId);
  if (!under) return;
  perform("merge", [change(scene, { ...old, bits: old.bits.or(under.bits), source: "human" }), removal(scene, under.id)]);
}

export function subtract(): void {
  const old = own();
  if (old) commit("subtract", (bits) => bits.minus(scene.others(old.id)));
}

function restack(to: number, kind: string): void {
  const old = own();
  if (!old) return;
  const from = scene.indexOf(old.id);
  const place = Math.max(0, Math.min(scene.things.length - 1, to));
  if (place !== from) perform(kind, [{ id: old.id, before: old, after: { ...old }, from, to: place }]);
}

export function crowd(): void {
  const old = own();
  if (old) perform("crowd", [change(scene, { ...old, crowd: !old.crowd, source: "human" })]);
}

export function comment(text: string): void {
  const old = own();
  if (!old || (old.attributes.comment ?? "") === text) return;
  const { comment: _, ...rest } = old.attributes;
  perform("comment", [change(scene, { ...old, attributes: text ? { ...rest, comment: text } : rest })]);
}

export function hide(): void {
  const old = own();
  if (!old) return;
  if (!scene.hidden.delete(old.id)) scene.hidden.add(old.id);
  scene.compose(scene.box);
  version.value++;
  board?.redraw();
}

export async function copyToNext(): Promise<void> {
  const old = own();
  if (!old) return;
  const images = project.value?.images ?? [];
  const next = images[images.findIndex((one) => one.number === current.value) + 1];
  if (!next) return;
  await open(next.number);
  const bits = old.bits.window(scene.box).trimmed();
  if (bits.empty) return;
  const copy: Thing = { ...old, id: newId(), bits, source: "human" };
  perform("copy", [change(scene, copy)]);
  selected.value = copy.id;
}

export function mark(state: string, then?: () => void): void {
  if (confirmTool()) return mark(state, then);
  send({ kind: "state", changes: [] }, { state });
  then?.();
}

// -- suggestions -------------------------------------------------------------------------------------

export function accept(): void {
  if (offered.value === null) return;
  const things = suggested.value.map((one) => ({
    // A person has looked at it and stands for it.
    ...fromWire(one, scene.width, scene.height), id: newId(), source: "human" as const,
    attributes: { ...one.attributes, accepted: "untouched" },
  }));
  const begins = scene.things.length;
  const command = {
    kind: "accept",
    changes: things.map((one, k) => ({ id: one.id, before: null, after: one, from: begins + k, to: begins + k })),
  };
  if (things.length) history.do(command);
  suggested.value = [];
  offered.value = null;
  board?.suggest([]);
  send(command, { state: "labelled" });
}

export function reject(): void {
  const run = offered.value;
  if (run === null) return;
  suggested.value = [];
  offered.value = null;
  board?.suggest([]);
  send({ kind: "reject", changes: [] }, { rejected: run });
}

export const spread = (learner: string): Promise<void> => run(() => api.spread(learner));
export const follow = (follower: string): Promise<void> => run(() => api.follow(follower));

/** Long work of the server, until it ends; then what it suggests for this image is shown. */
async function run(begin: () => Promise<Job>): Promise<void> {
  try {
    await sync.settled();
    job.value = await begin();
    while (job.value?.status === "running") {
      await new Promise((resolve) => setTimeout(resolve, 400));
      job.value = await api.job(job.value.id);
    }
    if (job.value?.status === "failed") message.value = job.value.words ?? "";
    await reload();
    const number = current.value;
    if (number !== null && !scene.things.length) await offer(number, null);
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function stopJob(): Promise<void> {
  if (job.value) await api.cancel(job.value.id);
}

export async function reload(): Promise<void> {
  project.value = await api.project();
}

// -- asking an engine --------------------------------------------------------------------------------

function ask0() {
  return { engine: engine.value, options: {}, points: [], labels: [], box: null, mask: null, seq: 0 };
}

let hovering: ReturnType<typeof setTimeout> | undefined;

/** What a click here would give, shown while the pointer rests. Only where nothing is asked or chosen already. */
function hover(at: Point): void {
  clearTimeout(hovering);
  if (candidates.length && !hovered) return;
  hovering = setTimeout(() => {
    if (!asking.value && selected.value === null) void ask({ points: [at], labels: [1] }, true);
  }, 180);
}

let hovered = false;

async function ask(prompts: { points: Point[]; labels: number[]; box?: [Point, Point] }, hovers = false): Promise<void> {
  if (current.value === null) return;
  clearTimeout(hovering);
  hovered = hovers;
  if (!hovers) clicks++;
  abort?.abort();
  abort = new AbortController();
  const seq = ++question;
  asking.value = !hovers;
  const box = prompts.box;
  const old = own();
  try {
    const answer = await api.ask(
      current.value,
      {
        ...ask0(), seq, labels: prompts.labels, points: prompts.points.map((p) => [p.x, p.y] as [number, number]),
        box: box
          ? [Math.min(box[0].x, box[1].x), Math.min(box[0].y, box[1].y), Math.max(box[0].x, box[1].x), Math.max(box[0].y, box[1].y)]
          : null,
        // Clicks with an object selected correct that object.
        mask: old && !box ? format(old.bits.toCounts(scene.width, scene.height)) : null,
      },
      abort.signal,
    );
    if (answer.seq !== question) return; // a newer question is on its way
    candidates = answer.counts.map((one) => Bits.fromCounts(parse(one), scene.width, scene.height));
    candidate = 0;
    message.value = `${Math.round(answer.milliseconds)} ms`;
    board?.preview(candidates[0] ?? null);
  } catch (error) {
    if ((error as Error).name !== "AbortError") message.value = (error as Error).message;
  } finally {
    if (seq === question) asking.value = false;
  }
}

function keepAnswer(): void {
  const found = candidates[candidate];
  candidates = [];
  board?.preview(null);
  if (found && !found.empty) commit("click", () => found);
}

export function nextCandidate(): void {
  if (candidates.length < 2) return;
  candidate = (candidate + 1) % candidates.length;
  board?.preview(candidates[candidate]);
}

// -- tools -------------------------------------------------------------------------------------------

const bench: Bench = {
  get scene() {
    return scene;
  },
  get view() {
    return board!.view;
  },
  get radius() {
    return radius.value;
  },
  get selected() {
    return own();
  },
  pixels: () => board?.pixels() ?? null,
  commit,
  preview: (bits) => board?.preview(bits),
  select: (id) => {
    selected.value = id;
    const thing = own();
    if (thing) classId.value = thing.classId;
    board?.redraw();
  },
  ask: (prompts) => void ask(prompts),
  hover,
  confirm: keepAnswer,
  redraw: () => board?.redraw(),
};

const makers: Record<string, () => Tool> = {
  brush: () => new Brush(bench, false), eraser: () => new Brush(bench, true), lasso: () => new Outline(bench, true),
  polygon: () => new Outline(bench, false), click: () => new Click(bench), box: () => new Box(bench),
  wand: () => new Wand(bench), select: () => new Select(bench),
};
export const toolNames = Object.keys(makers);

export function pick(name: string): void {
  confirmTool();
  board?.tool?.cancel?.();
  toolName.value = name;
  if (board) board.tool = makers[name]();
  board?.redraw();
}

function confirmTool(): boolean {
  // An answer that is still on its way is not to be kept unseen.
  if (asking.value) return false;
  return board?.tool?.confirm?.() ?? false;
}

export function abandon(): void {
  abort?.abort();
  clearTimeout(hovering);
  question++;
  candidates = [];
  asking.value = false;
  board?.tool?.cancel?.();
  board?.preview(null);
}

// -- actions by name: keys and buttons --------------------------------------------------------------------

export const actions: Record<string, () => void> = {
  undo, redo, remove, accept, reject, doubtful, split, merge, subtract, crowd, hide,
  finish: () => {
    if (!confirmTool()) mark("labelled", () => step(1));
  },
  next: () => step(1),
  previous: () => step(-1),
  bigger: () => (radius.value = Math.min(400, Math.ceil(radius.value * 1.25))),
  smaller: () => (radius.value = Math.max(0.5, Math.floor(radius.value / 1.25))),
  candidate: nextCandidate,
  abandon: () => {
    abandon();
    dialog.value = "";
    message.value = "";
  },
  deselect: () => {
    confirmTool();
    selected.value = null;
    board?.redraw();
  },
  holes: () => own() && commit("fill holes", (bits) => bits.filled()),
  islands: () => own() && commit("islands", (bits) => bits.parts()[0] ?? bits),
  grow: () => own() && commit("grow", (bits) => bits.grown(reach(), scene.width, scene.height)),
  shrink: () => own() && commit("shrink", (bits) => bits.shrunk(reach(), scene.width, scene.height)),
  smooth: () => own() && commit("smooth", (bits) => bits.smoothed(reach(), scene.width, scene.height)),
  raise: () => restack(scene.things.length - 1, "raise"),
  lower: () => restack(0, "lower"),
  keys: () => (dialog.value = dialog.value === "keys" ? "" : "keys"),
  fit: () => board?.fit(),
  outlines: () => {
    outlines.value = !outlines.value;
    redraw();
  },
  byObject: () => {
    byObject.value = !byObject.value;
    redraw();
  },
  opaque: () => {
    opacity.value = Math.min(1, opacity.value + 0.1);
    redraw();
  },
  clear: () => {
    opacity.value = Math.max(0, opacity.value - 0.1);
    redraw();
  },
  protect: () => (protect.value = !protect.value),
  copy: () => void copyToNext(),
  history: () => (dialog.value = "history"),
  review: () => mark("review"),
  approve: () => mark("approved"),
  ...Object.fromEntries(toolNames.map((name) => [name, () => pick(name)])),
};

export function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox") return;
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return;
  const name = keys.nameOf(event);
  if (/^[1-9]$/.test(name)) {
    const wanted = project.value?.classes.filter((one) => one.role === "class")[Number(name) - 1];
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
  for (const [other, own] of Object.entries(next)) if (own === key && other !== action) next[other] = "";
  next[action] = key;
  keymap.value = next;
  keys.store(next);
}

export function resetKeys(): void {
  keymap.value = { ...keys.defaults };
  keys.store(keymap.value);
}

// -- conflicts, history, classes, export --------------------------------------------------------------

export async function resolve(choice: "mine" | "theirs" | "both"): Promise<void> {
  const conflict = sync.conflict;
  if (!conflict) return;
  const theirs = await api.objects(conflict.image);
  const now = new Map(theirs.objects.map((one) => [one.id, one.revision ?? 0]));
  await sync.resolve(choice, now, newId);
  if (current.value === conflict.image) await open(conflict.image);
}

export async function dropRefused(): Promise<void> {
  await sync.drop();
  if (current.value !== null) await open(current.value);
}

export async function restore(revision: number): Promise<void> {
  if (current.value === null) return;
  const then = (await api.objects(current.value, revision)).objects.map((one) => fromWire(one, scene.width, scene.height));
  const changes: Change[] = [];
  for (const one of scene.things) if (!then.some((other) => other.id === one.id)) changes.push(removal(scene, one.id));
  for (const one of then) {
    const old = scene.find(one.id);
    if (!old || !old.bits.equals(one.bits) || old.classId !== one.classId) changes.push(change(scene, one));
  }
  perform("restore", changes);
  dialog.value = "";
}

export const imageHistory = () => (current.value === null ? Promise.resolve([]) : api.history(current.value));

export async function saveClasses(rows: ClassInfo[]): Promise<void> {
  try {
    const classes = await api.classes(rows);
    project.value = { ...project.value!, classes };
    dialog.value = "";
    redraw();
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** What a file of labels would give; with `write` it is given. */
export async function take(file: File, write: boolean): Promise<Imported> {
  await sync.settled();
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 0x8000) text += String.fromCharCode(...bytes.subarray(k, k + 0x8000));
  const found = await api.take(file.name, btoa(text), write);
  if (found.written) {
    await reload();
    if (current.value !== null) await open(current.value);
  }
  return found;
}

export const losses = (name: string): Promise<LossReport> => sync.settled().then(() => api.losses(name));
