import { describe, expect, it } from "vitest";
import { type Plot, readPlot, regions, writePlot } from "../src/pages/explore/plots";

const corners = [[0, 0], [4, 0], [0, 4]] as const;

describe("a plot", () => {
  it("is what an address says", () => {
    const plot: Plot = { x: "area", y: "run('a').iou", owner: "segment", colour: "class", region: corners };
    expect(readPlot(writePlot(plot))).toEqual(plot);
    expect(readPlot(writePlot({ x: "a", y: "b", owner: "sample" }))).toEqual({ x: "a", y: "b", owner: "sample" });
  });

  it("is none where an address says something else", () => {
    for (const text of ["", "{", "null", '{"x": "a"}', '{"x": "a", "y": "b", "owner": "sequence"}']) expect(readPlot(text)).toBeNull();
    const broken = '{"x": "a", "y": "b", "owner": "sample", "region": [[0, 1], [2, null], [3, 4]]}';
    expect(readPlot(broken)).toEqual({ x: "a", y: "b", owner: "sample" });
  });

  it("has a region or none", () => {
    const [first, second]: Plot[] = [{ x: "a", y: "b", owner: "sample" }, { x: "area", y: "score", owner: "segment", colour: "class", region: corners }];
    expect(regions([first, second])).toEqual([{ x: "area", y: "score", owner: "segment", polygon: corners }]);
  });
});
