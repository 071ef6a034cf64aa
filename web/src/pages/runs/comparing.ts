/** Runs side by side: which numbers there are, and in which settings they differ. */

import type { RunDetails } from "../../api/client";

export interface Numbers {
  /** As people read them: by name, one value a run; nothing where a run has none. */
  rows: [name: string, values: (number | undefined)[]][];
}

/** Scores of the last evaluation, or of the run itself. */
export const scoresOf = (run: RunDetails): Record<string, number> => run.evaluations.at(-1)?.scores ?? run.scores;
export const intervalOf = (run: RunDetails, name: string): readonly [number, number] | undefined => run.evaluations.at(-1)?.intervals[name] as [number, number] | undefined;

/** What a name begins with: of scores of whole sets nothing. */
const BEGINS = { set: "", classes: "classes/", errors: "error_kinds/" } as const;

/** Of all runs: the scores of whole sets, those of classes by the class's name, and what each kind of error costs. */
export function numbers(runs: readonly RunDetails[], of: keyof typeof BEGINS): Numbers["rows"] {
  const each = runs.map(scoresOf);
  const begin = BEGINS[of];
  const names = [...new Set(each.flatMap(Object.keys))].filter((name) => (begin ? name.startsWith(begin) : !name.includes("/") && name !== "revision"));
  return names.map((name) => [name.slice(begin.length), each.map((scores) => scores[name])]);
}

/** Settings that are not the same in all runs; of one run all that are not empty. */
export function settings(runs: readonly RunDetails[]): [name: string, values: string[]][] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))];
  const rows = names.map((name) => [name, runs.map((run) => said(run.settings[name]))] as [string, string[]]);
  return rows.filter(([, values]) => (runs.length > 1 ? values.some((value) => value !== values[0]) : values[0] !== ""));
}

/** A setting as people write it. */
export function said(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(said).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, inside]) => `${name}=${said(inside)}`).join(", ");
  return String(value);
}

/** Names of curves, those of scores first and the learning rate last; a single point stands among the numbers. */
export function curveNames(runs: readonly RunDetails[]): string[] {
  const rank = (name: string) => (name.startsWith("val/") ? 0 : name.endsWith("/lr") ? 2 : 1);
  const drawn = runs.flatMap((run) => Object.entries(run.curves).filter(([, points]) => points.length > 1).map(([name]) => name));
  return [...new Set(drawn)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Points of several curves over one axis: every step that one of them has, and nothing where another has none. */
export function aligned(curves: readonly (readonly (readonly [step: number, value: number])[])[]): [number[], ...(number | null)[][]] {
  const steps = [...new Set(curves.flatMap((points) => points.map(([step]) => step)))].sort((a, b) => a - b);
  const places = new Map(steps.map((step, k) => [step, k]));
  return [
    steps,
    ...curves.map((points) => {
      const values: (number | null)[] = steps.map(() => null);
      for (const [step, value] of points) values[places.get(step)!] = value;
      return values;
    }),
  ];
}
