/** What a person does to objects: each gesture is a command, which can be taken back, and is told to the server. */

import { Bits } from "../../../model/bits";
import { apply, type Command, lost } from "../../../model/commands";
import { added, carved, type Change, change, removal, type Segment } from "../../../model/scene";
import { kept } from "../../../store/journal";
import { message, project, touched } from "../../../store/project";
import { gesture, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { did, gestured } from "./guide";
import { hear, waitsWith } from "./offer";
import { classId, current, desk, drawing, isExclusive, kindOf, mode, nameOfClass, own, protect, radius, selected, version } from "./state";
import { tell } from "./toast";

let since = performance.now();
let clicks = 0;

/** Gestures that give an object's pixels to another of the same, or to the same under another class. */
const MOVED = new Set(["merge", "split", "class"]);

/** A prompt was given. */
export const clicked = (): void => void clicks++;

/** Work on an image begins. */
export function startClock(): void {
  since = performance.now();
  clicks = 0;
}

function effort(): Record<string, number> {
  const now = performance.now();
  // Pauses of more than ten seconds are not work.
  const seconds = Math.min(10, (now - since) / 1000);
  const out = { seconds: Math.round(seconds * 1000) / 1000, clicks };
  since = now;
  clicks = 0;
  return out;
}

/** Tell the server, and show what it means for the list of images -> the gesture's id. */
export function send(command: Command): string {
  const number = current.value!;
  const { scene, sync, board } = desk;
  const id = crypto.randomUUID();
  void sync.push(number, gesture(command, scene.width, scene.height, effort(), id), desk.layer);
  const { me } = project.value!;
  const state = command.said?.state?.after;
  if (desk.layer === "shared") hear(command.said);
  const rows = project.value!.images.map((image) => {
    if (image.number !== number) return image;
    if (desk.layer === "shared")
      return {
        ...image, objects: scene.segments.length, ...(!command.fields && { confidence: waitsWith(number, state ?? image.state) }),
        ...(state && { state: state === "open" ? null : state }),
      };
    if (!state) return image;
    const rest = (image.own_labels ?? []).filter((name) => name !== me);
    return { ...image, own_labels: state === "open" ? rest : [...rest, me].sort() };
  });
  project.value = { ...project.value!, images: rows };
  touched(number);
  version.value++;
  board?.redraw();
  return id;
}

/** Do something to the open image. Pixels that it takes from objects are told, with a way to take it back. */
export function perform(kind: string, changes: readonly Change[], more: Omit<Command, "kind" | "changes"> = {}): void {
  const command: Command = { kind, changes, ...more };
  if (current.value === null || (!changes.length && !Object.keys(more).length)) return;
  const { scene, journal } = desk;
  apply(scene, command);
  const id = send(command);
  gestured(command);
  journal.add({
    id, tab: journal.tab, image: current.value, layer: desk.layer, width: scene.width, height: scene.height,
    command: kept(command, scene.width, scene.height), undone: false,
  });
  const gone = MOVED.has(kind) ? [] : lost(command);
  if (gone.length) tell(words.lost(kind, gone.map(({ segment, pixels, all }) => ({ name: nameOfClass(segment.classId), pixels, all }))), true);
  else tell(null);
}

/** Is there one object for all of a class? */
export const isWhole = (id: number): boolean => mode.value === "semantic" || (mode.value === "panoptic" && kindOf(id) === "stuff");

/** The object that is all of the chosen class, where a class is one. */
const ofClass = (): Segment | undefined => desk.scene.segments.find((segment) => segment.classId === classId.value && !segment.crowd);

/** The object that a stroke takes most from. */
function under(bits: Bits): Segment | undefined {
  const covered = desk.scene.segments.map((segment) => ({ segment, pixels: desk.scene.hidden.has(segment.id) ? 0 : segment.bits.and(bits).area() }));
  return covered.filter(({ pixels }) => pixels > 0).sort((a, b) => a.pixels - b.pixels).at(-1)?.segment;
}

/** How a tool is held: what it draws is added to the chosen object, or taken away. */
export interface Held {
  adds?: boolean;
  removes?: boolean;
}

/** What a tool drew: a new object, or part of the chosen object where that is asked for; one gesture. */
export function draw(kind: string, bits: Bits, { adds = false, removes = false }: Held = {}): void {
  const takes = removes !== (drawing.value === "subtract");
  const continues = takes || adds || drawing.value !== "new";
  const old = isWhole(classId.value) ? ofClass() : continues ? (own() ?? (takes ? under(bits) : undefined)) : undefined;
  if (takes && !old) {
    message.value = words.nothingToTake;
    return;
  }
  edited(kind, old, takes ? old!.bits.minus(bits) : (old?.bits ?? Bits.none).or(bits));
}

/** Change the chosen object; one gesture. */
export function commit(kind: string, edit: (bits: Bits) => Bits): void {
  const old = own();
  if (old) edited(kind, old, edit(old.bits));
}

/** An object becomes these bits, or a new object of the chosen class does. */
function edited(kind: string, old: Segment | undefined, wanted: Bits, kindOfIt = classId.value, guarded = protect.value): void {
  const { scene } = desk;
  let bits = wanted.trimmed();
  if (guarded) bits = bits.minus(scene.others(old?.id ?? null));
  bits = bits.window(scene.box).trimmed();
  if (old ? bits.equals(old.bits) : bits.empty) {
    const fresh = wanted.minus(old?.bits ?? Bits.none).window(scene.box).trimmed();
    if (guarded && !fresh.empty) sayProtected(fresh, old, (now) => edited(kind, now, (now?.bits ?? Bits.none).or(fresh), kindOfIt, false));
    return;
  }
  message.value = "";
  if (bits.empty && old) {
    perform(kind, [removal(scene, old.id)]);
    selected.value = null;
    return;
  }
  const after: Segment = old
    ? { ...old, bits, source: "human", attributes: touchedUp(old.attributes) }
    : { id: newId(), classId: kindOfIt, bits, crowd: false, source: "human", score: null, attributes: {} };
  const rest = !isExclusive() ? [] : carved(scene, bits, after.id);
  perform(kind, [change(scene, after), ...rest]);
  selected.value = after.id;
}

/** All that was drawn lies on objects that are protected: which, and a way to draw it over them. */
function sayProtected(bits: Bits, old: Segment | undefined, over: (now: Segment | undefined) => void): void {
  const { scene } = desk;
  const below = scene.segments.filter((segment) => segment.id !== old?.id && !scene.hidden.has(segment.id) && !segment.bits.and(bits).trimmed().empty);
  const go = () => {
    const now = old && scene.find(old.id);
    if (desk.scene === scene && !old === !now) over(now);
  };
  tell(words.allProtected([...new Set(below.map((segment) => nameOfClass(segment.classId)))]), false, [{ words: words.drawOver, go }]);
}

/** What bringing in further objects changes, as the mode has it. */
export const bringing = (segments: readonly Segment[]): Change[] => added(desk.scene, segments, isExclusive(), isWhole);

/** What was accepted untouched is so no longer. */
function touchedUp(attributes: Segment["attributes"]): Segment["attributes"] {
  return attributes.accepted === "untouched" ? { ...attributes, accepted: "mended" } : attributes;
}

export function remove(): void {
  if (selected.value === null || !own()) return;
  perform("delete", [removal(desk.scene, selected.value)]);
  selected.value = null;
}

/** The class of what is drawn next. Where a class is one object, that is chosen with it. */
export function setClass(id: number): void {
  classId.value = id;
  did("class");
  if (isWhole(id)) selected.value = ofClass()?.id ?? null;
  else if (isExclusive() && isWhole(own()?.classId ?? -1)) selected.value = null;
  desk.board?.redraw();
}

/** The chosen object becomes one of another class, or part of the object that is all of that class. */
export function reclass(id: number): void {
  const old = own();
  if (!old || old.classId === id) return;
  const { scene } = desk;
  const whole = isWhole(id) ? scene.segments.find((segment) => segment.classId === id && !segment.crowd) : undefined;
  if (whole) {
    perform("class", [change(scene, { ...whole, bits: whole.bits.or(old.bits), source: "human" }), removal(scene, old.id)]);
    selected.value = whole.id;
  } else perform("class", [change(scene, { ...old, classId: id, source: "human", attributes: touchedUp(old.attributes) })]);
}

const { round } = Math;
const reach = () => Math.max(1, round(radius.value / 6));

export function split(): void {
  const old = own();
  if (!old) return;
  const { scene } = desk;
  const parts = old.bits.parts();
  if (parts.length < 2) return;
  const fresh = parts.slice(1).map((bits) => ({ ...old, id: newId(), bits, source: "human" as const }));
  perform("split", [
    change(scene, { ...old, bits: parts[0], source: "human" }),
    ...fresh.map((segment, k) => ({ id: segment.id, before: null, after: segment, from: scene.segments.length + k, to: scene.segments.length + k })),
  ]);
}

export function merge(): void {
  const old = own();
  if (!old) return;
  const { scene } = desk;
  const at = scene.indexOf(old.id);
  const below = scene.segments.slice(0, at).reverse();
  const under = below.find((segment) => segment.classId === old.classId) ?? scene.segments.find((segment) => segment.id !== old.id && segment.classId === old.classId);
  if (!under) return;
  perform("merge", [change(scene, { ...old, bits: old.bits.or(under.bits), source: "human" }), removal(scene, under.id)]);
}

export function subtract(): void {
  const old = own();
  if (old) commit("subtract", (bits) => bits.minus(desk.scene.others(old.id)));
}

/** Keep what the chosen object shares with the others. */
export function intersect(): void {
  const old = own();
  if (!old) return;
  const shared = old.bits.and(desk.scene.others(old.id));
  if (!shared.empty) perform("intersect", [change(desk.scene, { ...old, bits: shared, source: "human", attributes: touchedUp(old.attributes) })]);
}

export function restack(front: boolean, kind: string): void {
  const old = own();
  if (!old) return;
  const from = desk.scene.indexOf(old.id);
  const place = front ? desk.scene.segments.length - 1 : 0;
  if (place !== from) perform(kind, [{ id: old.id, before: old, after: { ...old }, from, to: place }]);
}

export function crowd(): void {
  const old = own();
  if (old) perform("crowd", [change(desk.scene, { ...old, crowd: !old.crowd, source: "human" })]);
}

export function comment(text: string): void {
  const old = own();
  const before = old ? (desk.scene.comments.get(old.id) ?? "") : "";
  if (!old || before === text) return;
  perform("comment", [], { remark: { segment: old.id, before, after: text } });
}

export function hide(): void {
  const old = own();
  if (!old) return;
  const { hidden } = desk.scene;
  if (!hidden.delete(old.id)) hidden.add(old.id);
  shown();
}

/** Only the chosen object is shown; again, or with none chosen: all of them. */
export function isolate(): void {
  const { scene } = desk;
  scene.isolated = scene.isolated === null ? (own()?.id ?? null) : null;
  shown();
}

function shown(): void {
  desk.scene.compose(desk.scene.box);
  version.value++;
  desk.board?.redraw();
}

const shape = (kind: string, edit: (bits: Bits) => Bits) => () => commit(kind, edit);

export const shapes: Record<string, () => void> = {
  holes: shape("fill holes", (bits) => bits.filled()),
  islands: shape("islands", (bits) => bits.parts()[0] ?? bits),
  grow: shape("grow", (bits) => bits.grown(reach(), desk.scene.width, desk.scene.height)),
  shrink: shape("shrink", (bits) => bits.shrunk(reach(), desk.scene.width, desk.scene.height)),
  smooth: shape("smooth", (bits) => bits.smoothed(reach(), desk.scene.width, desk.scene.height)),
};
