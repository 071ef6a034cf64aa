/** The objects of one image, lowest first, and which of them is on top at each pixel. */

import { Bits, meet, type Rect } from "./bits";

export type Source = "human" | "model" | "import";

export interface Segment {
  readonly id: number;
  readonly classId: number;
  readonly bits: Bits;
  readonly crowd: boolean;
  readonly source: Source;
  readonly score: number | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A value of an image that a gesture can change; null where there is none. */
export type Value = string | number | boolean | null;

/** Some of an image's fields before and after a gesture. */
export interface Fields {
  readonly before: Readonly<Record<string, Value>>;
  readonly after: Readonly<Record<string, Value>>;
}

/** What is said of an object before and after a gesture; empty where nothing is. */
export interface Remark {
  readonly segment: number;
  readonly before: string;
  readonly after: string;
}

/** One object before and after a gesture; null where it was not there. z: its place in the stack. */
export interface Change {
  readonly id: number;
  readonly before: Segment | null;
  readonly after: Segment | null;
  readonly from: number;
  readonly to: number;
}

export class Scene {
  /** Lowest first. */
  segments: Segment[] = [];
  /** Place in `segments` plus 1, 0 for none; row by row. */
  readonly top: Uint16Array;
  readonly hidden = new Set<number>();
  /** What is said of objects, by their ids. */
  comments = new Map<number, string>();
  /** The image's own values, by their names. */
  fields: Readonly<Record<string, unknown>> = {};
  /** The only object that is shown; null where all are. */
  isolated: number | null = null;

  constructor(readonly width: number, readonly height: number) {
    this.top = new Uint16Array(width * height);
  }

  get box(): Rect {
    return { x: 0, y: 0, w: this.width, h: this.height };
  }

  find(id: number): Segment | undefined {
    return this.segments.find((segment) => segment.id === id);
  }

  indexOf(id: number): number {
    return this.segments.findIndex((segment) => segment.id === id);
  }

  at(x: number, y: number): Segment | undefined {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return undefined;
    return this.segments[this.top[Math.floor(y) * this.width + Math.floor(x)] - 1];
  }

  load(segments: Segment[]): void {
    this.segments = [...segments];
    this.compose(this.box);
  }

  /** Say it, or take it back. */
  say({ segment, before, after }: Remark, forward: boolean): void {
    const text = forward ? after : before;
    if (text) this.comments.set(segment, text);
    else this.comments.delete(segment);
  }

  /** Give fields their values, or take those back. */
  fill({ before, after }: Fields, forward: boolean): void {
    const now = Object.entries({ ...this.fields, ...(forward ? after : before) });
    this.fields = Object.fromEntries(now.filter(([, value]) => value !== null));
  }

  /** Do the changes forward, or undo them. */
  apply(changes: readonly Change[], forward: boolean): void {
    let moved = false;
    const order = forward ? changes : [...changes].reverse();
    for (const change of order) {
      const was = forward ? change.before : change.after;
      const is = forward ? change.after : change.before;
      const place = forward ? change.to : change.from;
      const now = this.indexOf(change.id);
      if (now >= 0) this.segments.splice(now, 1);
      if (is) this.segments.splice(Math.min(place, this.segments.length), 0, is);
      if (!was || !is || now !== place) moved = true;
    }
    // Numbers in the map are places: where the stack itself changed, all of it is drawn anew.
    if (moved) this.compose(this.box);
    else for (const change of changes) this.composeAround(change);
  }

  private composeAround(change: Change): void {
    for (const segment of [change.before, change.after]) if (segment) this.compose(segment.bits);
  }

  /** Draw a part of the map again. */
  compose(part: Rect): void {
    const box = meet(part, this.box);
    if (!box) return;
    const { top, width } = this;
    for (let y = box.y; y < box.y + box.h; y++) top.fill(0, y * width + box.x, y * width + box.x + box.w);
    this.segments.forEach((segment, index) => {
      if (this.hidden.has(segment.id) || (this.isolated !== null && this.isolated !== segment.id)) return;
      const own = meet(segment.bits, box);
      if (!own) return;
      const { bits } = segment;
      for (let y = own.y; y < own.y + own.h; y++) {
        let from = (y - bits.y) * bits.w + (own.x - bits.x);
        let to = y * width + own.x;
        for (let x = 0; x < own.w; x++, from++, to++) if (bits.data[from]) top[to] = index + 1;
      }
    });
  }

  /** All pixels of the other objects. */
  others(id: number | null): Bits {
    return this.segments.reduce((all, segment) => (segment.id === id || this.hidden.has(segment.id) ? all : all.or(segment.bits)), Bits.none);
  }
}

export function change(scene: Scene, after: Segment, to?: number): Change {
  const from = scene.indexOf(after.id);
  const place = to ?? (from < 0 ? scene.segments.length : from);
  return { id: after.id, before: scene.find(after.id) ?? null, after, from: from < 0 ? scene.segments.length : from, to: place };
}

export function removal(scene: Scene, id: number): Change {
  const from = scene.indexOf(id);
  return { id, before: scene.find(id) ?? null, after: null, from, to: from };
}

/** What the other objects lose to `bits`, so that no two share a pixel. Removals come last, the highest first, so that places stay true. */
export function carved(scene: Scene, bits: Bits, id: number): Change[] {
  const changed: Change[] = [];
  const gone: Change[] = [];
  for (const segment of scene.segments) {
    if (segment.id === id || !meet(segment.bits, bits)) continue;
    const rest = segment.bits.minus(bits);
    if (rest.empty) gone.unshift(removal(scene, segment.id));
    else if (rest.area() !== segment.bits.area()) changed.push(change(scene, { ...segment, bits: rest }));
  }
  return [...changed, ...gone];
}

/**
 * What bringing in further objects changes. exclusive: they take their pixels from those that are there.
 * whole: of a class that is one object, where a further one becomes part of it.
 */
export function added(scene: Scene, segments: readonly Segment[], exclusive: boolean, whole: (classId: number) => boolean): Change[] {
  let list = [...scene.segments];
  for (const segment of segments) {
    const at = whole(segment.classId) ? list.findIndex((other) => other.classId === segment.classId && !other.crowd) : -1;
    if (exclusive) list = list.map((other, k) => (k !== at && meet(other.bits, segment.bits) ? { ...other, bits: other.bits.minus(segment.bits) } : other));
    if (at < 0) list.push(segment);
    else list[at] = { ...list[at], bits: list[at].bits.or(segment.bits) };
  }
  const after = new Map(list.filter((segment) => !segment.bits.empty).map((segment) => [segment.id, segment]));
  const changed: Change[] = [];
  const gone: Change[] = [];
  for (const segment of scene.segments) {
    const is = after.get(segment.id);
    if (!is) gone.unshift(removal(scene, segment.id));
    else if (is !== segment && !is.bits.equals(segment.bits)) changed.push(change(scene, is));
    after.delete(segment.id);
  }
  const top = scene.segments.length;
  const fresh = [...after.values()].map((segment, k) => ({ id: segment.id, before: null, after: segment, from: top + k, to: top + k }));
  return [...changed, ...fresh, ...gone];
}

/** Everything that is there goes, and these come in its place. */
export function replaced(scene: Scene, segments: readonly Segment[]): Change[] {
  return [
    ...scene.segments.map((segment) => removal(scene, segment.id)).reverse(),
    ...segments.map((segment, k) => ({ id: segment.id, before: null, after: segment, from: k, to: k })),
  ];
}
