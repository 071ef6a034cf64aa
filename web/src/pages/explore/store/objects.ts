/** Objects that conditions and regions are about, and their values: what the list of objects shows. */

import { effect, signal } from "@preact/signals";
import { api, type ObjectRow, type ObjectsAsked } from "../../../api/client";
import { chosen, objectColumns, ordering, problem, regions, showing, where } from "./state";

/** Image number and object id of each, one after the other. */
export const objects = signal<{ pairs: Int32Array; total: number }>({ pairs: new Int32Array(), total: 0 });
export const objectRows = signal<ReadonlyMap<string, ObjectRow>>(new Map());
export const objectCursor = signal(0);
export const objectScrolled = { top: 0 };

export const pairAt = (place: number): readonly [number: number, object: number] => [objects.value.pairs[2 * place], objects.value.pairs[2 * place + 1]];
export const nameOf = (number: number, object: number): string => `${number} ${object}`;

let asking: AbortController | null = null;

async function choose(wanted: ObjectsAsked): Promise<void> {
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const found = await api.objectsOf(wanted, mine.signal);
    if (mine !== asking) return;
    objects.value = found;
    objectRows.value = new Map();
    objectCursor.value = Math.min(objectCursor.peek(), Math.max(0, found.pairs.length / 2 - 1));
  } catch (error) {
    if ((error as Error).name !== "AbortError" && mine === asking) problem.value = (error as Error).message;
  }
}

/** Ask for the objects whenever what is meant changes, while they are shown. What is given back ends it. */
export function followObjects(): () => void {
  const ends = [
    effect(() => {
      if (showing.value !== "objects" || !chosen.value.revision) return;
      void choose({ where: where.value, regions: regions.value, order: ordering.value?.expression ?? null, descending: ordering.value?.down ?? false });
    }),
    effect(() => {
      void objectColumns.value;
      objectRows.value = new Map();
    }),
  ];
  return () => ends.forEach((end) => end());
}

const underway = new Set<string>();

/** Values of the objects at these places, where they are not known yet. */
export async function needObjects(from: number, to: number): Promise<void> {
  const columns = objectColumns.peek();
  const places = Array.from({ length: Math.max(0, to - from) }, (_, k) => pairAt(from + k));
  const wanted = places.filter((pair) => !objectRows.peek().has(nameOf(...pair)) && !underway.has(nameOf(...pair)));
  if (!wanted.length) return;
  wanted.forEach((pair) => underway.add(nameOf(...pair)));
  try {
    const found = await api.objectRows(wanted.map(([number, object]) => [number, object] as [number, number]), [...columns]);
    if (columns === objectColumns.peek()) objectRows.value = new Map([...objectRows.peek(), ...found.map((row) => [nameOf(row.number, row.object), row] as const)]);
  } catch (error) {
    problem.value = (error as Error).message;
  } finally {
    wanted.forEach((pair) => underway.delete(nameOf(...pair)));
  }
}
