import { describe, expect, it } from "vitest";
import { beside, isLine, lineOf, linesOf, moved, nameOf } from "../src/pages/explore/lines";

const groups = [{ word: "a", count: 5 }, { word: "b", count: 2 }, { word: null, count: 3 }];
const ends = (lines: ReturnType<typeof linesOf>) => lines.map((line) => (isLine(line) ? [line.from, line.end] : line.group.word));

describe("lines of a grid", () => {
  it("are of all images where these are in no groups", () => {
    expect(ends(linesOf(7, [], new Set(), 3))).toEqual([[0, 3], [3, 6], [6, 7]]);
    expect(linesOf(0, [], new Set(), 3)).toEqual([]);
  });

  it("begin anew with every group, and are left out where it is folded", () => {
    expect(ends(linesOf(10, groups, new Set(), 3))).toEqual(["a", [0, 3], [3, 5], "b", [5, 7], null, [7, 10]]);
    expect(ends(linesOf(10, groups, new Set([nameOf(groups[1])]), 3))).toEqual(["a", [0, 3], [3, 5], "b", null, [7, 10]]);
    expect(ends(linesOf(10, groups, new Set([nameOf(groups[2])]), 3))).toEqual(["a", [0, 3], [3, 5], "b", [5, 7], null]);
  });

  it("are walked through without headings and without what is folded", () => {
    const lines = linesOf(10, groups, new Set([nameOf(groups[1])]), 3);
    expect([lineOf(lines, 4), lineOf(lines, 5), lineOf(lines, 9)]).toEqual([2, -1, 5]);
    expect([moved(lines, 0, 1), moved(lines, 2, 1), moved(lines, 4, 1), moved(lines, 9, -1), moved(lines, 9, 1), moved(lines, 6, 1)]).toEqual([3, 4, 8, 4, 9, 0]);
    expect([beside(lines, 4, 1), beside(lines, 7, -1), beside(lines, 9, 1), beside(lines, 0, -1), beside(lines, 0, 1)]).toEqual([7, 4, 9, 0, 1]);
  });
});
