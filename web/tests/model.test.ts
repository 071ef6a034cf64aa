import { describe, expect, it } from "vitest";
import { Bits } from "../src/model/bits";
import { Trail } from "./trail";
import { sample } from "../src/model/render";
import { format, parse } from "../src/model/rle";
import { change, removal, Scene, type Segment } from "../src/model/scene";
import { View } from "../src/model/view";
import { flood } from "../src/pages/label/tools/wand";

/** Rows of an image: # is in. */
function bits(...rows: string[]): Bits {
  const data = Uint8Array.from(rows.join(""), (mark) => (mark === "#" ? 1 : 0));
  return new Bits(0, 0, rows[0].length, rows.length, data);
}

function rows(bits: Bits, width: number, height: number): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (bits.has(x, y) ? "#" : ".")).join(""),
  );
}

function random(seed: number): () => number {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

describe("run lengths", () => {
  it("are those that pycocotools writes", () => {
    // pycocotools.mask.encode of a 4 x 4 mask with the middle four pixels, and of a 3 x 5 mask of all.
    expect(bits("....", ".##.", ".##.", "....").toCounts(4, 4)).toEqual([5, 2, 2, 2, 5]);
    expect(format([5, 2, 2, 2, 5])).toBe("52203");
    expect(format([0, 15])).toBe("0?");
    expect([...parse("52203")]).toEqual([5, 2, 2, 2, 5]);
  });

  it("come back from every mask", () => {
    const next = random(1);
    for (let round = 0; round < 200; round++) {
      const w = 1 + Math.floor(next() * 40);
      const h = 1 + Math.floor(next() * 40);
      const full = new Bits(0, 0, w, h, Uint8Array.from({ length: w * h }, () => (next() < 0.3 ? 1 : 0)));
      const text = format(full.toCounts(w, h));
      expect(Bits.fromCounts(parse(text), w, h).equals(full)).toBe(true);
    }
  });

  it("of another size, or none at all, are refused", () => {
    expect(() => Bits.fromCounts([5, 2], 4, 4)).toThrow();
    expect(() => parse("5 2")).toThrow();
  });
});

describe("bits", () => {
  it("add, subtract and meet", () => {
    const a = bits("##..", "##..");
    const b = bits(".##.", ".##.");
    expect(rows(a.or(b), 4, 2)).toEqual(["###.", "###."]);
    expect(rows(a.minus(b), 4, 2)).toEqual(["#...", "#..."]);
    expect(rows(a.and(b), 4, 2)).toEqual([".#..", ".#.."]);
    expect(a.minus(a).empty).toBe(true);
    expect(Bits.none.or(a).equals(a)).toBe(true);
  });

  it("fill polygons with holes by pixel centres", () => {
    const square = (from: number, to: number) => [
      { x: from, y: from }, { x: to, y: from }, { x: to, y: to }, { x: from, y: to },
    ];
    const ring = Bits.polygon([square(1, 6), square(2.6, 4.4)], 7, 7);
    expect(rows(ring, 7, 7)).toEqual([".......", ".#####.", ".#####.", ".##.##.", ".#####.", ".#####.", "......."]);
    expect(ring.filled().area()).toBe(25);
    expect(Bits.polygon([square(-3, 3)], 7, 7).area()).toBe(9);
  });

  it("grow, shrink, and fall into parts", () => {
    const dot = Bits.disk({ x: 5.5, y: 5.5 }, 0.5, 11, 11);
    expect(dot.area()).toBe(1);
    expect(rows(dot.grown(1, 11, 11), 11, 11)[5]).toBe("....###....");
    expect(dot.grown(3, 11, 11).shrunk(3, 11, 11).equals(dot)).toBe(true);
    const two = bits("##...", ".....", "...#.", "....#");
    expect(two.parts().map((bits) => bits.area())).toEqual([2, 2]); // corners hang together
    // At the image's edge nothing is lost.
    expect(bits("##", "##").shrunk(1, 2, 2).area()).toBe(4);
  });

  it("draw strokes without gaps", () => {
    const line = Bits.stroke({ x: 2, y: 2 }, { x: 30, y: 20 }, 1.5, 40, 30);
    expect(line.parts().length).toBe(1);
    expect(line.has(2, 2) && line.has(30, 20)).toBe(true);
  });
});

const segment = (id: number, bits: Bits, classId = 1): Segment => ({
  id, classId, bits: bits, crowd: false, source: "human", score: null, attributes: {},
});

/** The map must be what drawing everything anew gives. */
function sound(scene: Scene): void {
  const fresh = new Scene(scene.width, scene.height);
  fresh.load(scene.segments);
  expect([...scene.top]).toEqual([...fresh.top]);
}

describe("scene and history", () => {
  it("show the topmost and find it", () => {
    const scene = new Scene(6, 4);
    scene.load([segment(1, bits("####", "####")), segment(2, bits("..##", "..##"))]);
    expect(scene.at(0, 0)?.id).toBe(1);
    expect(scene.at(3, 1)?.id).toBe(2);
    expect(scene.at(5, 3)).toBeUndefined();
    scene.hidden.add(2);
    scene.compose(scene.box);
    expect(scene.at(3, 1)?.id).toBe(1);
  });

  it("say something of an object, and take it back", () => {
    const scene = new Scene(6, 4);
    scene.load([segment(1, bits("####", "####"))]);
    const history = new Trail(scene);
    history.do({ kind: "comment", changes: [], remark: { segment: 1, before: "", after: "too wide" } });
    history.do({ kind: "comment", changes: [], remark: { segment: 1, before: "too wide", after: "fine" } });
    expect(history.undo()).toEqual({ kind: "undo", changes: [], remark: { segment: 1, before: "fine", after: "too wide" } });
    expect(scene.comments.get(1)).toBe("too wide");
    history.undo();
    expect(scene.comments.size).toBe(0);
    expect(history.redo()).toEqual({ kind: "redo", changes: [], remark: { segment: 1, before: "", after: "too wide" } });
    expect(scene.comments.get(1)).toBe("too wide");
  });

  it("undo everything and redo everything, whatever was done", () => {
    for (let seed = 1; seed < 12; seed++) {
      const next = random(seed);
      const scene = new Scene(30, 20);
      const history = new Trail(scene);
      const states: string[] = [];
      const state = () => JSON.stringify(scene.segments.map((segment) => [segment.id, segment.classId, format(segment.bits.toCounts(30, 20))]));
      states.push(state());
      for (let k = 0; k < 40; k++) {
        const old = scene.segments[Math.floor(next() * scene.segments.length)];
        const stroke = Bits.stroke({ x: next() * 30, y: next() * 20 }, { x: next() * 30, y: next() * 20 }, 1 + next() * 4, 30, 20);
        const kind = next();
        if (!old || kind < 0.4) history.do({ kind: "new", changes: [change(scene, segment(100 * seed + k, stroke))] });
        else if (kind < 0.6) history.do({ kind: "brush", changes: [change(scene, { ...old, bits: old.bits.or(stroke) })] });
        else if (kind < 0.75) history.do({ kind: "delete", changes: [removal(scene, old.id)] });
        else if (kind < 0.9)
          history.do({ kind: "raise", changes: [{ id: old.id, before: old, after: { ...old }, from: scene.indexOf(old.id), to: scene.segments.length - 1 }] });
        else
          history.do({
            kind: "split",
            changes: [change(scene, { ...old, bits: old.bits.minus(stroke) }), { id: 9000 + k, before: null, after: segment(9000 + k, stroke), from: scene.segments.length, to: scene.segments.length }],
          });
        sound(scene);
        states.push(state());
      }
      for (let k = states.length - 2; k >= 0; k--) {
        history.undo();
        expect(state()).toBe(states[k]);
      }
      sound(scene);
      expect(history.canUndo).toBe(false);
      for (let k = 1; k < states.length; k++) {
        history.redo();
        expect(state()).toBe(states[k]);
      }
      sound(scene);
    }
  });
});

describe("render", () => {
  it("samples the map into the window", () => {
    const scene = new Scene(4, 2);
    scene.load([segment(1, bits("##", "##"))]);
    const view = new View();
    view.scale = 2;
    view.x = 1;
    const data = { width: 10, height: 4, data: new Uint8ClampedArray(10 * 4 * 4) } as unknown as ImageData;
    sample(scene, view, { opacity: 0.5, outlines: false, byObject: false, colour: () => 0xff0000, selected: null }, data);
    const alpha = Array.from({ length: 10 }, (_, x) => data.data[x * 4 + 3]);
    expect(alpha).toEqual([0, 128, 128, 128, 128, 0, 0, 0, 0, 0]);
    expect(data.data[4]).toBe(255);
  });

  it("holds the point under the pointer when it zooms", () => {
    const view = new View();
    view.fit(100, 50, 400, 400);
    const before = view.toImage({ x: 120, y: 80 });
    view.zoom(3, { x: 120, y: 80 });
    const after = view.toImage({ x: 120, y: 80 });
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });
});

describe("wand", () => {
  it("takes what hangs together and looks alike", () => {
    const data = new Uint8ClampedArray(5 * 2 * 4).fill(200);
    for (const at of [2, 7]) data.fill(0, at * 4, at * 4 + 3);
    const found = flood({ width: 5, height: 2, data } as unknown as ImageData, 0, 0, 10);
    expect(rows(found, 5, 2)).toEqual(["##...", "##..."]);
  });
});
