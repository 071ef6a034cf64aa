import { describe, expect, it } from "vitest";
import { dragged, ends, part, query, stretched, type Window, written } from "../src/model/window";

const gray: Window = { low: [100], high: [300], channels: [], origin: "measured", eight_bits: false };
const colours: Window = { low: [0, 10, 20], high: [100, 60, 40], channels: [5, 3, 1], origin: "", eight_bits: true };

describe("a window", () => {
  it("has ends over all its channels", () => {
    expect(ends(gray)).toEqual([100, 300]);
    expect(ends(colours)).toEqual([0, 100]);
  });

  it("is stretched with all its pairs in proportion", () => {
    expect(stretched(gray, 50, 450)).toEqual({ ...gray, low: [50], high: [450], origin: "" });
    expect(stretched(colours, 100, 300)).toEqual({ ...colours, low: [100, 120, 140], high: [300, 220, 180] });
  });

  it("never turns over, whatever its ends are moved to", () => {
    for (const [low, high] of [[200, 200], [300, 100], [0, 0], [-1e6, -2e6]]) {
      const found = stretched(gray, low, high);
      expect(found.low[0]).toBe(low);
      expect(found.high[0]).toBeGreaterThan(low);
    }
  });

  it("is dragged sideways for its width and upwards for light", () => {
    const width = ({ low, high }: Window) => high[0] - low[0];
    const level = ({ low, high }: Window) => (high[0] + low[0]) / 2;
    const wider = dragged(gray, 100, 0);
    expect(width(wider)).toBeGreaterThan(width(gray));
    expect(level(wider)).toBeCloseTo(200);
    const narrower = dragged(gray, -100, 0);
    expect(width(narrower)).toBeLessThan(width(gray));
    const brighter = dragged(gray, 0, -100);
    expect(width(brighter)).toBeCloseTo(200);
    expect(level(brighter)).toBeLessThan(200);
    // There and back again.
    expect(dragged(wider, -100, 0).low[0]).toBeCloseTo(100);
    expect(width(dragged(gray, -5000, 0))).toBeGreaterThan(0);
  });

  it("is written in an address, and where a view has none of its own nothing is", () => {
    expect(query(null)).toBe("");
    expect(Object.fromEntries(new URLSearchParams(query(gray)))).toEqual({ low: "100", high: "300", eight_bits: "false" });
    expect(Object.fromEntries(new URLSearchParams(query(colours)))).toEqual({
      low: "0,10,20", high: "100,60,40", eight_bits: "true", channels: "5,3,1",
    });
  });
});

describe("a number", () => {
  it("has the digits that its range needs", () => {
    expect([written(1234.5678, 5000), written(1234.5678, 50), written(0.123456, 1), written(0.000123456, 0.001)]).toEqual([
      "1235", "1234.6", "0.12", "0.00012",
    ]);
    expect(written(65535, 65535)).toBe("65535");
  });

  it("lies between its ends", () => {
    expect([part(5, 0, 10), part(-1, 0, 10), part(11, 0, 10)]).toEqual([0.5, 0, 1]);
  });
});
