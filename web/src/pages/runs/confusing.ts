/** What was taken for what, as a table shows it: the classes with the most mistakes, and how each cell compares with its row. */

import type { Confusion } from "../../api/client";

/** Classes that a table shows; of more, those with the most mistakes. */
export const MOST = 24;

export interface Cell {
  /** Places among the classes; their number is nothing. */
  truth: number;
  predicted: number;
  count: number;
  /** Of all that its row counts, those of classes that are not shown as well. */
  share: number;
}

export interface Matrix {
  rows: number[];
  columns: number[];
  /** By "row column"; cells that are not there are 0. */
  cells: ReadonlyMap<string, Cell>;
  /** Classes that occur and are not shown. */
  left: number;
}

export function matrix({ classes, ...counted }: Confusion, of: "pixels" | "objects", most = MOST): Matrix {
  const triples = counted[of];
  const nothing = classes.length;
  const wrong = new Map<number, number>();
  const whole = new Map<number, number>();
  for (const [truth, predicted, count] of triples) {
    whole.set(truth, (whole.get(truth) ?? 0) + count);
    for (const place of [truth, predicted]) wrong.set(place, (wrong.get(place) ?? 0) + (truth === predicted ? 0 : count));
  }
  const known = [...wrong.keys()].filter((place) => place !== nothing);
  const kept = new Set(known.sort((a, b) => wrong.get(b)! - wrong.get(a)! || a - b).slice(0, most));
  const places = [...kept].sort((a, b) => a - b);
  const side = (at: 0 | 1) => (triples.some((triple) => triple[at] === nothing) ? [...places, nothing] : places);
  const cells = triples
    .filter(([truth, predicted]) => [truth, predicted].every((place) => place === nothing || kept.has(place)))
    .map(([truth, predicted, count]) => [`${truth} ${predicted}`, { truth, predicted, count, share: count / whole.get(truth)! }] as const);
  return { rows: side(0), columns: side(1), cells: new Map(cells), left: known.length - places.length };
}
