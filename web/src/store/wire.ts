/** Between the scene's objects and the wire's. */

import type { CommentInfo, Gesture, WireSegment } from "../api/client";
import { Bits } from "../model/bits";
import type { Command } from "../model/commands";
import { format, parse } from "../model/rle";
import type { Segment } from "../model/scene";

export function fromWire(segment: WireSegment, width: number, height: number): Segment {
  return {
    id: segment.id,
    classId: segment.class_id,
    bits: Bits.fromCounts(parse(segment.counts), width, height),
    crowd: segment.is_crowd ?? false,
    source: segment.source ?? "human",
    score: segment.score ?? null,
    attributes: segment.attributes ?? {},
  };
}

/** Run lengths of bits, which never change: they are told to the server, and kept to be taken back. */
const counted = new WeakMap<Bits, { width: number; height: number; counts: string }>();

function countsOf(bits: Bits, width: number, height: number): string {
  const held = counted.get(bits);
  if (held?.width === width && held.height === height) return held.counts;
  const counts = format(bits.toCounts(width, height));
  counted.set(bits, { width, height, counts });
  return counts;
}

export function toWire(segment: Segment, width: number, height: number, z?: number): WireSegment {
  return {
    id: segment.id,
    class_id: segment.classId,
    counts: countsOf(segment.bits, width, height),
    z: z ?? null,
    is_crowd: segment.crowd,
    source: segment.source,
    score: segment.score,
    attributes: { ...segment.attributes },
    revision: 0,
  };
}

/** id: of the gesture, which is applied once however often it is sent. */
export function gesture(command: Command, width: number, height: number, effort: Record<string, number>, id: string): Gesture {
  const put = new Map<number, WireSegment>();
  const remove = new Set<number>();
  for (const change of command.changes) {
    if (change.after) {
      // Its place is told only where it is not simply the next on top, or the same.
      const stays = change.before !== null && change.from === change.to;
      put.set(change.id, toWire(change.after, width, height, stays ? undefined : change.to));
      remove.delete(change.id);
    } else {
      put.delete(change.id);
      remove.add(change.id);
    }
  }
  const { kind, remark, fields, said } = command;
  return {
    id, kind, put: [...put.values()], remove: [...remove], base: {}, fields: { ...fields?.after },
    workflow: {
      ...(said?.state && { state: said.state.after }),
      ...(said?.suggestion && { suggestion: { run: said.suggestion.run, state: said.suggestion.after } }),
      ...(said?.objects && { objects: { run: said.objects.run, segments: [...said.objects.ids], state: said.objects.after } }),
      ...(remark && { comment: { segment: remark.segment, text: remark.after } }),
    },
    effort,
  };
}

/** What is said of objects, by their ids. */
export const remarks = (comments: readonly CommentInfo[]): Map<number, string> =>
  new Map(comments.flatMap(({ segment, text }) => (segment === null ? [] : [[segment, text] as const])));

/** An id that no other page makes. */
export function newId(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0xfffff) * 2 ** 32 + low;
}
