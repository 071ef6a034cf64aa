/** Which suggested objects join those that an image has: one rule, however they are accepted. */

import { type Bits, meet } from "./bits";

interface Shape {
  readonly bits: Bits;
}

/** An object that shares so much of what both cover is the suggested one. */
const SAME = 0.5;
/** Where no two objects share a pixel, a suggestion of which less is free lies on what is there. */
const FREE = 0.5;

/** Is it one of the objects already? */
export function isThere(objects: readonly Shape[], bits: Bits): boolean {
  return objects.some((object) => {
    const shared = meet(object.bits, bits) ? object.bits.and(bits).area() : 0;
    return shared > 0 && shared / (object.bits.area() + bits.area() - shared) >= SAME;
  });
}

/**
 * What there is to gain from a suggestion: its pixels, where objects may not share any those that are free.
 * None where it is there already. Objects that are there keep theirs in any case.
 */
export function gained(objects: readonly Shape[], bits: Bits, exclusive: boolean): Bits | null {
  if (isThere(objects, bits)) return null;
  if (!exclusive) return bits;
  const free = objects.reduce((left, object) => (meet(object.bits, left) ? left.minus(object.bits) : left), bits);
  return free.empty || free.area() < FREE * bits.area() ? null : free.trimmed();
}

/** Those that join, the surest first as they are given: of two that are the same, or want the same pixels, the surer is taken. */
export function joined<T extends Shape>(objects: readonly Shape[], suggested: readonly T[], exclusive: boolean): T[] {
  const out: T[] = [];
  for (const each of suggested) {
    const bits = gained([...objects, ...out], each.bits, exclusive);
    if (bits) out.push({ ...each, bits });
  }
  return out;
}
