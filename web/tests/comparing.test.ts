import { describe, expect, it } from "vitest";
import type { RunDetails } from "../src/api/client";
import { aligned, curveNames, numbers, said, settings } from "../src/pages/runs/comparing";

const run = (id: string, what: Partial<RunDetails>): RunDetails => ({
  id, kind: "train", status: "done", revision: 1, created: "", ended: null, model: null, tags: [], notes: "", score: null,
  settings: {}, scores: {}, curves: {}, evaluations: [], per_sample: [], made: true, ...what,
});

describe("runs side by side", () => {
  const first = run("a", { scores: { mean_iou: 0.5, "classes/car": 0.25 }, settings: { lr: 0.1, size: [256, 256], where: [] } });
  const judged = { created: "", revision: 2, name: null, where: [], scores: { mean_iou: 0.75, "classes/sky": 1, "extra/deep": 3 }, intervals: {} };
  const second = run("b", { scores: { mean_iou: 0.6 }, settings: { lr: 0.2, size: [256, 256], config: { width: 4 } }, evaluations: [judged] });

  it("have the scores of their last evaluation, or their own", () => {
    expect(numbers([first, second], "set")).toEqual([["mean_iou", [0.5, 0.75]]]);
    expect(numbers([first, second], "classes")).toEqual([["car", [0.25, undefined]], ["sky", [undefined, 1]]]);
  });

  it("differ in some settings", () => {
    expect(settings([first, second])).toEqual([["lr", ["0.1", "0.2"]], ["config", ["", "width=4"]]]);
    expect(settings([first])).toEqual([["lr", ["0.1"]], ["size", ["256, 256"]]]);
    expect(said({ a: [1, { b: true }], c: null })).toBe("a=1, b=true, c=");
  });

  it("draw curves over one axis", () => {
    expect(aligned([[[1, 0.5], [3, 0.25]], [[2, 9], [3, 8]]])).toEqual([[1, 2, 3], [0.5, null, 0.25], [null, 9, 8]]);
    expect(aligned([])).toEqual([[]]);
    const curves = (...names: string[]) => run("x", { curves: Object.fromEntries(names.map((name) => [name, [[1, 2], [2, 3]] as [number, number][]])) });
    expect(curveNames([run("y", { curves: { once: [[1, 1]] } })])).toEqual([]);
    expect(curveNames([curves("train/lr", "train/loss"), curves("val/mean_iou", "train/loss")])).toEqual(["val/mean_iou", "train/loss", "train/lr"]);
  });
});
