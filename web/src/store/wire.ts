/** Between the scene's objects and the wire's. */

import type { Gesture, WireThing } from "../api/client";
import { Bits } from "../model/bits";
import type { Command } from "../model/history";
import { format, parse } from "../model/rle";
import type { Thing } from "../model/scene";

export function fromWire(one: WireThing, width: number, height: number): Thing {
  return {
    id: one.id,
    classId: one.class_id,
    bits: Bits.fromCounts(parse(one.counts), width, height),
    crowd: one.is_crowd ?? false,
    source: one.source ?? "human",
    score: one.score ?? null,
    attributes: one.attributes ?? {},
  };
}

export function toWire(one: Thing, width: number, height: number, z?: number): WireThing {
  return {
    id: one.id,
    class_id: one.classId,
    counts: format(one.bits.toCounts(width, height)),
    z: z ?? null,
    is_crowd: one.crowd,
    source: one.source,
    score: one.score,
    attributes: { ...one.attributes },
    revision: 0,
  };
}

export function gesture(
  command: Command, width: number, height: number, effort: Record<string, number>, fields: Gesture["fields"] = {},
): Gesture {
  const put = new Map<number, WireThing>();
  const remove = new Set<number>();
  for (const one of command.changes) {
    if (one.after) {
      // Its place is told only where it is not simply the next on top, or the same.
      const stays = one.before !== null && one.from === one.to;
      put.set(one.id, toWire(one.after, width, height, stays ? undefined : one.to));
      remove.delete(one.id);
    } else {
      put.delete(one.id);
      remove.add(one.id);
    }
  }
  return {
    id: crypto.randomUUID(), kind: command.kind, put: [...put.values()], remove: [...remove], base: {}, fields, effort,
  };
}

/** An id that no other page makes. */
export function newId(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0xfffff) * 2 ** 32 + low;
}
