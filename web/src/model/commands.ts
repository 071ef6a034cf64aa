/** What a person did, as something that can be taken back: all that it changed, before and after. */

import type { Declared } from "./classes";
import type { Change, Fields, Remark, Scene, Segment } from "./scene";

/** Two values of one thing. */
export interface Turn<T> {
  readonly before: T;
  readonly after: T;
}

export type State = "open" | "labelled" | "review" | "approved";
export type Verdict = "open" | "accepted" | "rejected";

/** What is said of the image: how far it is, and what became of what a run suggests. */
export interface Said {
  readonly state?: Turn<State>;
  readonly suggestion?: Turn<Verdict> & { readonly run: string };
  /** Of single objects of that, by their ids there. */
  readonly objects?: Turn<Verdict> & { readonly run: string; readonly ids: readonly number[] };
}

/** What a command does to one of several images. */
export interface Part {
  readonly image: number;
  readonly width: number;
  readonly height: number;
  readonly changes: readonly Change[];
  readonly said?: Said;
}

/** A class that became another. The server knows what it moved: by `id`, and how often that was done and taken back since. */
export interface Merge {
  readonly source: number;
  readonly target: number;
  readonly id: string;
  readonly turns: number;
}

export interface Command {
  readonly kind: string;
  /** Of one image, as are remark, fields and said. */
  readonly changes: readonly Change[];
  readonly remark?: Remark;
  readonly fields?: Fields;
  readonly said?: Said;
  /** Of many images, each of which is taken back for itself where it is as it was left. */
  readonly parts?: readonly Part[];
  /** What became of what runs suggest, of many images. */
  readonly verdicts?: Turn<Verdict> & { readonly of: readonly { readonly image: number; readonly run: string }[] };
  /** The classes of all images. */
  readonly classes?: Turn<readonly Declared[]>;
  readonly merge?: Merge;
  /** It cannot be taken back: so an earlier version of this page kept what merged classes. */
  readonly lasting?: true;
}

const turned = <T>({ before, after }: Turn<T>): Turn<T> => ({ before: after, after: before });

/** The same the other way round. */
export function inverse({ changes, remark, fields, said, parts, verdicts, classes }: Command, kind = "undo"): Command {
  return {
    kind,
    changes: back(changes),
    ...(parts && { parts: parts.map((part) => ({ ...part, changes: back(part.changes), ...(part.said && { said: unsaid(part.said) }) })) }),
    ...(remark && { remark: { ...remark, ...turned(remark) } }),
    ...(fields && { fields: turned(fields) }),
    ...(verdicts && { verdicts: { of: verdicts.of, ...turned(verdicts) } }),
    ...(classes && { classes: turned(classes) }),
    ...(said && { said: unsaid(said) }),
  };
}

const back = (changes: readonly Change[]): Change[] =>
  [...changes].reverse().map(({ id, before, after, from, to }) => ({ id, before: after, after: before, from: to, to: from }));

const unsaid = ({ state, suggestion, objects }: Said): Said => ({
  ...(state && { state: turned(state) }),
  ...(suggestion && { suggestion: { run: suggestion.run, ...turned(suggestion) } }),
  ...(objects && { objects: { run: objects.run, ids: objects.ids, ...turned(objects) } }),
});

export function apply(scene: Scene, { changes, remark, fields }: Command): void {
  scene.apply(changes, true);
  if (remark) scene.say(remark, true);
  if (fields) scene.fill(fields, true);
}

/** Are the objects as this command left them? Where they are not, it cannot be taken back without taking something else back too. */
export function follows(scene: Scene, { changes, fields }: Command): boolean {
  const last = new Map<number, Change>();
  for (const change of changes) last.set(change.id, { ...change, before: last.get(change.id)?.before ?? change.before });
  const values = Object.entries(fields?.after ?? {});
  return (
    [...last.values()].every((change) => isLeft(scene.find(change.id) ?? null, change)) &&
    values.every(([name, value]) => flat(scene.fields[name]) === flat(value))
  );
}

function isLeft(now: Segment | null, { before, after }: Change): boolean {
  if (!now || !after || now === after) return now === after;
  // Of its values only those that the command changed: the server keeps some of the others true itself.
  const values = before ? Object.keys({ ...before.attributes, ...after.attributes }).filter((name) => flat(before.attributes[name]) !== flat(after.attributes[name])) : [];
  return (
    now.classId === after.classId && now.crowd === after.crowd && now.bits.equals(after.bits) &&
    values.every((name) => flat(now.attributes[name]) === flat(after.attributes[name]))
  );
}

/** As text in which the order of names does not matter. */
function flat(value: unknown): string {
  return JSON.stringify(value ?? null, (_, held: unknown) =>
    held && typeof held === "object" && !Array.isArray(held) ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1))) : held,
  );
}

/** Pixels that objects lose, by object; an object that goes loses all. */
export function lost({ changes }: Command): { segment: Segment; pixels: number; all: boolean }[] {
  return changes.flatMap(({ before, after }) => {
    if (!before) return [];
    const pixels = after ? before.bits.minus(after.bits).area() : before.bits.area();
    return pixels ? [{ segment: before, pixels, all: !after }] : [];
  });
}
