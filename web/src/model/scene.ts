/** The objects of one image, lowest first, and which of them is on top at each pixel. */

import { Bits, meet, type Rect } from "./bits";

export type Source = "human" | "model" | "import";

export interface Thing {
  readonly id: number;
  readonly classId: number;
  readonly bits: Bits;
  readonly crowd: boolean;
  readonly source: Source;
  readonly score: number | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** One object before and after a gesture; null where it was not there. z: its place in the stack. */
export interface Change {
  readonly id: number;
  readonly before: Thing | null;
  readonly after: Thing | null;
  readonly from: number;
  readonly to: number;
}

export class Scene {
  /** Lowest first. */
  things: Thing[] = [];
  /** Place in `things` plus one, 0 for none; row by row. */
  readonly top: Uint16Array;
  readonly hidden = new Set<number>();
  /** The only object that is shown, where there is one. */
  isolated: number | null = null;

  constructor(readonly width: number, readonly height: number) {
    this.top = new Uint16Array(width * height);
  }

  get box(): Rect {
    return { x: 0, y: 0, w: this.width, h: this.height };
  }

  find(id: number): Thing | undefined {
    return this.things.find((one) => one.id === id);
  }

  indexOf(id: number): number {
    return this.things.findIndex((one) => one.id === id);
  }

  at(x: number, y: number): Thing | undefined {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return undefined;
    return this.things[this.top[Math.floor(y) * this.width + Math.floor(x)] - 1];
  }

  load(things: Thing[]): void {
    this.things = [...things];
    this.compose(this.box);
  }

  /** Do the changes forward, or undo them. */
  apply(changes: readonly Change[], forward: boolean): void {
    let moved = false;
    const order = forward ? changes : [...changes].reverse();
    for (const one of order) {
      const was = forward ? one.before : one.after;
      const is = forward ? one.after : one.before;
      const place = forward ? one.to : one.from;
      const now = this.indexOf(one.id);
      if (now >= 0) this.things.splice(now, 1);
      if (is) this.things.splice(Math.min(place, this.things.length), 0, is);
      if (!was || !is || now !== place) moved = true;
    }
    // Numbers in the map are places: where the stack itself changed, all of it is drawn anew.
    if (moved) this.compose(this.box);
    else for (const one of changes) this.composeAround(one);
  }

  private composeAround(change: Change): void {
    for (const one of [change.before, change.after]) if (one) this.compose(one.bits);
  }

  /** Draw a part of the map again. */
  compose(part: Rect): void {
    const box = meet(part, this.box);
    if (!box) return;
    const { top, width } = this;
    for (let y = box.y; y < box.y + box.h; y++) top.fill(0, y * width + box.x, y * width + box.x + box.w);
    this.things.forEach((thing, index) => {
      if (this.hidden.has(thing.id) || (this.isolated !== null && this.isolated !== thing.id)) return;
      const own = meet(thing.bits, box);
      if (!own) return;
      const { bits } = thing;
      for (let y = own.y; y < own.y + own.h; y++) {
        let from = (y - bits.y) * bits.w + (own.x - bits.x);
        let to = y * width + own.x;
        for (let x = 0; x < own.w; x++, from++, to++) if (bits.data[from]) top[to] = index + 1;
      }
    });
  }

  /** All pixels of the other objects. */
  others(id: number | null): Bits {
    return this.things.reduce((all, one) => (one.id === id || this.hidden.has(one.id) ? all : all.or(one.bits)), Bits.none);
  }
}

export function change(scene: Scene, after: Thing, to?: number): Change {
  const from = scene.indexOf(after.id);
  const place = to ?? (from < 0 ? scene.things.length : from);
  return { id: after.id, before: scene.find(after.id) ?? null, after, from: from < 0 ? scene.things.length : from, to: place };
}

export function removal(scene: Scene, id: number): Change {
  const from = scene.indexOf(id);
  return { id, before: scene.find(id) ?? null, after: null, from, to: from };
}

/** What the other objects lose to `bits`, so that no two share a pixel. Removals come last, the highest first, so that places stay true. */
export function carved(scene: Scene, bits: Bits, id: number): Change[] {
  const changed: Change[] = [];
  const gone: Change[] = [];
  for (const one of scene.things) {
    if (one.id === id || !meet(one.bits, bits)) continue;
    const rest = one.bits.minus(bits);
    if (rest.empty) gone.unshift(removal(scene, one.id));
    else if (rest.area() !== one.bits.area()) changed.push(change(scene, { ...one, bits: rest }));
  }
  return [...changed, ...gone];
}

/**
 * What bringing in further objects changes. exclusive: they take their pixels from those that are there.
 * whole: of a class that is one object, where a further one becomes part of it.
 */
export function added(scene: Scene, things: readonly Thing[], exclusive: boolean, whole: (classId: number) => boolean): Change[] {
  let list = [...scene.things];
  for (const one of things) {
    const at = whole(one.classId) ? list.findIndex((other) => other.classId === one.classId && !other.crowd) : -1;
    if (exclusive) list = list.map((other, k) => (k !== at && meet(other.bits, one.bits) ? { ...other, bits: other.bits.minus(one.bits) } : other));
    if (at < 0) list.push(one);
    else list[at] = { ...list[at], bits: list[at].bits.or(one.bits) };
  }
  const after = new Map(list.filter((one) => !one.bits.empty).map((one) => [one.id, one]));
  const changed: Change[] = [];
  const gone: Change[] = [];
  for (const one of scene.things) {
    const is = after.get(one.id);
    if (!is) gone.unshift(removal(scene, one.id));
    else if (is !== one && !is.bits.equals(one.bits)) changed.push(change(scene, is));
    after.delete(one.id);
  }
  const top = scene.things.length;
  const fresh = [...after.values()].map((one, k) => ({ id: one.id, before: null, after: one, from: top + k, to: top + k }));
  return [...changed, ...fresh, ...gone];
}

/** Everything that is there goes, and these come in its place. */
export function replaced(scene: Scene, things: readonly Thing[]): Change[] {
  return [
    ...scene.things.map((one) => removal(scene, one.id)).reverse(),
    ...things.map((one, k) => ({ id: one.id, before: null, after: one, from: k, to: k })),
  ];
}
