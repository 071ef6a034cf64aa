import { describe, expect, it } from "vitest";
import { cellsOf, clock, type Frame, frameAt, kindOf, nextFrame } from "../src/model/timeline";

const frame = (more: Partial<Frame> = {}): Frame => ({ objects: 0, state: null, confidence: null, ...more });
const labelled = frame({ objects: 2 });
const sure = frame({ confidence: 0.9 });
const unsure = frame({ confidence: 0.3 });

describe("the frames of a video", () => {
  it("are labelled, suggested, doubtful or nothing", () => {
    expect([frame(), labelled, sure, unsure].map(kindOf)).toEqual(["none", "labelled", "suggested", "doubtful"]);
    expect(kindOf(frame({ objects: 2, state: "review" }))).toBe("doubtful"); // somebody doubts it
    expect(kindOf(frame({ state: "labelled" }))).toBe("labelled"); // finished, and nothing is there
    expect(kindOf(frame({ objects: 1, confidence: 0.1 }))).toBe("labelled");
  });

  it("have a cell each where there is room", () => {
    const cells = cellsOf([labelled, sure, unsure, frame()], 100);
    expect(cells.map(({ from, to, kind }) => [from, to, kind])).toEqual([[0, 1, "labelled"], [1, 2, "suggested"], [2, 3, "doubtful"], [3, 4, "none"]]);
    expect(cells.map(({ drift }) => Math.round(10 * drift))).toEqual([0, 1, 7, 0]);
  });

  it("share cells where there are many, and what is most to be looked at shows", () => {
    const many = Array.from({ length: 10_000 }, (_, k) => (k === 5003 ? unsure : k % 7 ? sure : labelled));
    const cells = cellsOf(many, 300);
    expect(cells.length).toBe(300);
    expect(cells[0].from).toBe(0);
    expect(cells.at(-1)!.to).toBe(10_000);
    for (let k = 1; k < cells.length; k++) expect(cells[k].from).toBe(cells[k - 1].to);
    expect(cells.filter(({ kind }) => kind === "doubtful").length).toBe(1);
    expect(cells.find(({ kind }) => kind === "doubtful")).toMatchObject({ from: 5000 });
    expect(cells.filter(({ kind }) => kind === "labelled").length).toBe(299);
    expect(cellsOf([], 100)).toEqual([]);
  });

  it("are found by where the strip is pressed", () => {
    expect([-1, 0, 0.49, 0.5, 0.99, 1, 3].map((part) => frameAt(part, 4))).toEqual([0, 0, 1, 2, 3, 3, 3]);
  });

  it("are found in both directions", () => {
    const frames = [labelled, sure, unsure, labelled];
    const isLabelled = (row: Frame) => kindOf(row) === "labelled";
    expect(nextFrame(frames, 0, 1, isLabelled)).toBe(3);
    expect(nextFrame(frames, 3, -1, isLabelled)).toBe(0);
    expect(nextFrame(frames, 3, 1, isLabelled)).toBeNull();
  });

  it("are told with their time", () => {
    expect([0, 2.44, 59.96, 61, 3607].map(clock)).toEqual(["0:00.0", "0:02.4", "1:00.0", "1:01.0", "1:00:07.0"]);
  });
});
