/** What a person does to objects: each gesture can be undone, and is told to the server. */

import type { Said } from "../../../api/client";
import { Bits } from "../../../model/bits";
import type { Command } from "../../../model/history";
import { added, carved, type Change, change, type Fields, removal, type Segment } from "../../../model/scene";
import { project } from "../../../store/project";
import { gesture, newId } from "../../../store/wire";
import { classId, current, desk, kindOf, mode, own, protect, radius, selected, version } from "./state";

let since = performance.now();
let clicks = 0;

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

/** Tell the server. said: of the image, beside what the command changes. */
export function send(command: Command, said: Said = {}): void {
  if (current.value === null) return;
  const number = current.value;
  const { scene, sync, board } = desk;
  void sync.push(number, gesture(command, scene.width, scene.height, effort(), said), desk.layer);
  const { me } = project.value!;
  const rows = project.value!.images.map((image) => {
    if (image.number !== number) return image;
    if (desk.layer === "shared")
      return { ...image, objects: scene.segments.length, ...(!command.fields && { confidence: null }), ...(said.state && { state: said.state === "open" ? null : said.state }) };
    if (!said.state) return image;
    const rest = (image.own_labels ?? []).filter((name) => name !== me);
    return { ...image, own_labels: said.state === "open" ? rest : [...rest, me].sort() };
  });
  project.value = { ...project.value!, images: rows };
  version.value++;
  board?.redraw();
}

/** fields: of the image, beside what changes of its objects. */
export function perform(kind: string, changes: Change[], fields?: Fields): void {
  if (!changes.length && !fields) return;
  const command = { kind, changes, ...(fields && { fields }) };
  desk.history.do(command);
  send(command);
}

export function undo(): void {
  const command = desk.history.undo();
  if (command) send(command);
  if (selected.value !== null && !desk.scene.find(selected.value)) selected.value = null;
}

export function redo(): void {
  const command = desk.history.redo();
  if (command) send(command);
}

/** Is there one object for all of a class? */
export const isWhole = (id: number): boolean => mode.value === "semantic" || (mode.value === "panoptic" && kindOf(id) === "stuff");

/** What is drawn goes to this object: the chosen object, or the object of its class. */
function target(): Segment | undefined {
  const { scene } = desk;
  if (isWhole(classId.value)) return scene.segments.find((segment) => segment.classId === classId.value && !segment.crowd);
  return own() ?? undefined;
}

/** One gesture on the target, or on a new object of the chosen class. */
export function commit(kind: string, edit: (bits: Bits) => Bits, draws = true): void {
  const { scene } = desk;
  const old = draws ? target() : (own() ?? undefined);
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
  const after: Segment = old
    ? { ...old, bits, source: "human", attributes: touchedUp(old.attributes) }
    : { id: newId(), classId: classId.value, bits, crowd: false, source: "human", score: null, attributes: {} };
  const rest = mode.value === "instance" ? [] : carved(scene, bits, after.id);
  perform(kind, [change(scene, after), ...rest]);
  selected.value = after.id;
}

/** What bringing in further objects changes, as the mode has it. */
export const bringing = (segments: readonly Segment[]): Change[] => added(desk.scene, segments, mode.value !== "instance", isWhole);

/** What was accepted untouched is so no longer. */
function touchedUp(attributes: Segment["attributes"]): Segment["attributes"] {
  return attributes.accepted === "untouched" ? { ...attributes, accepted: "mended" } : attributes;
}

export function remove(): void {
  if (selected.value === null || !own()) return;
  perform("delete", [removal(desk.scene, selected.value)]);
  selected.value = null;
}

export function setClass(id: number): void {
  classId.value = id;
  const { scene } = desk;
  if (isWhole(id)) {
    // There is one object of it: choosing the class chooses that.
    selected.value = scene.segments.find((segment) => segment.classId === id && !segment.crowd)?.id ?? null;
    desk.board?.redraw();
    return;
  }
  const old = own();
  if (old && mode.value !== "instance" && isWhole(old.classId)) selected.value = null;
  else if (old && old.classId !== id) perform("class", [change(scene, { ...old, classId: id, source: "human" })]);
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
  if (old) commit("subtract", (bits) => bits.minus(desk.scene.others(old.id)), false);
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
  const command = { kind: "comment", changes: [], remark: { segment: old.id, before, after: text } };
  desk.history.do(command);
  send(command);
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

const shape = (kind: string, edit: (bits: Bits) => Bits) => () => {
  if (own()) commit(kind, edit, false);
};

export const shapes: Record<string, () => void> = {
  holes: shape("fill holes", (bits) => bits.filled()),
  islands: shape("islands", (bits) => bits.parts()[0] ?? bits),
  grow: shape("grow", (bits) => bits.grown(reach(), desk.scene.width, desk.scene.height)),
  shrink: shape("shrink", (bits) => bits.shrunk(reach(), desk.scene.width, desk.scene.height)),
  smooth: shape("smooth", (bits) => bits.smoothed(reach(), desk.scene.width, desk.scene.height)),
};
