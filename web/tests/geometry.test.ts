import { describe, expect, it } from "vitest";
import { Bits, type Point } from "../src/model/bits";
import { Trail } from "./trail";
import { Livewire } from "../src/model/livewire";
import { rings, simplified } from "../src/model/outline";
import { sample } from "../src/model/render";
import { added, carved, change, replaced, Scene, type Segment } from "../src/model/scene";
import { snapped } from "../src/model/snap";
import { View } from "../src/model/view";
import { poured } from "../src/pages/label/tools/fill";
import { along } from "../src/pages/label/tools/prompt";
import { minimap, type ShownImage, sizesOf, TiledImage } from "../src/parts/canvas/image";

function bits(...rows: string[]): Bits {
  const data = Uint8Array.from(rows.join(""), (mark) => (mark === "#" ? 1 : 0));
  return new Bits(0, 0, rows[0].length, rows.length, data);
}

function random(seed: number): () => number {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

const segment = (id: number, own: Bits): Segment => ({
  id, classId: 1, bits: own.trimmed(), crowd: false, source: "human", score: null, attributes: {},
});

function blank(width: number, height: number, shade: (x: number, y: number) => number): ImageData {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set([shade(x, y), shade(x, y), shade(x, y), 255], 4 * (y * width + x));
  return { width, height, data } as ImageData;
}

describe("outlines", () => {
  it("of a square are its corners, and of a ring two rings", () => {
    const square = rings(bits("....", ".##.", ".##.", "...."));
    expect(square).toHaveLength(1);
    expect(new Set(square[0].map((p) => `${p.x} ${p.y}`))).toEqual(new Set(["1 1", "3 1", "3 3", "1 3"]));
    expect(rings(bits("#####", "#...#", "#...#", "#####"))).toHaveLength(2);
    expect(rings(bits("#.", ".#"))).toHaveLength(2);
    expect(rings(Bits.none)).toEqual([]);
  });

  it("drawn again are every mask they came from", () => {
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const w = 1 + Math.floor(next() * 14);
      const h = 1 + Math.floor(next() * 14);
      const bits = new Bits(3, 2, w, h, Uint8Array.from({ length: w * h }, () => (next() < 0.55 ? 1 : 0)));
      expect(Bits.polygon(rings(bits), 20, 20).equals(bits)).toBe(true);
    }
  });

  it("lose corners that are not needed, and no more", () => {
    const disk = Bits.disk({ x: 40, y: 40 }, 30, 80, 80);
    const [ring] = rings(disk);
    const few = simplified(ring, 1.5);
    expect(few.length).toBeLessThan(ring.length / 4);
    const again = Bits.polygon([few], 80, 80);
    expect(again.and(disk).area() / again.or(disk).area()).toBeGreaterThan(0.95);
    for (const p of ring) {
      const far = Math.min(...few.map((a, k) => {
        const b = few[(k + 1) % few.length];
        const t = Math.max(0, Math.min(1, ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / ((b.x - a.x) ** 2 + (b.y - a.y) ** 2)));
        return Math.hypot(p.x - a.x - t * (b.x - a.x), p.y - a.y - t * (b.y - a.y));
      }));
      expect(far).toBeLessThanOrEqual(1.5 + 1e-9);
    }
  });
});

describe("the wire", () => {
  it("follows an edge round a corner instead of cutting it", () => {
    // A light square on dark: from one of its sides to another the way leads along the border.
    const image = blank(60, 60, (x, y) => (x >= 20 && x < 45 && y >= 20 && y < 45 ? 220 : 40));
    const wire = new Livewire(image, { x: 100, y: 50, w: 60, h: 60 }, { x: 120, y: 92 });
    const way = wire.to({ x: 142, y: 70 });
    expect(way[0]).toEqual({ x: 120.5, y: 92.5 });
    expect(way[way.length - 1]).toEqual({ x: 142.5, y: 70.5 });
    for (const p of way) {
      const [x, y] = [p.x - 100, p.y - 50];
      expect(Math.min(Math.abs(x - 20), Math.abs(y - 20), Math.abs(x - 45), Math.abs(y - 45))).toBeLessThanOrEqual(2);
    }
    for (let k = 1; k < way.length; k++) expect(Math.max(Math.abs(way[k].x - way[k - 1].x), Math.abs(way[k].y - way[k - 1].y))).toBe(1);
  });

  it("goes straight where there is nothing to follow, and stays in its box", () => {
    const wire = new Livewire(blank(30, 30, () => 90), { x: 0, y: 0, w: 30, h: 30 }, { x: 2, y: 15 });
    const way = wire.to({ x: 27, y: 15 });
    expect(way).toHaveLength(26);
    expect(wire.to({ x: 500, y: 15 }).at(-1)).toEqual({ x: 29.5, y: 15.5 });
  });
});

describe("snapping", () => {
  const scene = new Scene(40, 30);
  scene.load([segment(1, new Bits(10, 10, 8, 8, new Uint8Array(64).fill(1))), segment(2, new Bits(25, 3, 5, 5, new Uint8Array(25).fill(1)))]);

  it("finds borders and the image's edge, and nothing beyond its reach", () => {
    expect(snapped(scene, { x: 17.7, y: 17.8 }, 3, null)).toEqual({ x: 18, y: 18 });
    expect(snapped(scene, { x: 1.2, y: 20 }, 3, null)).toEqual({ x: 0, y: 20 });
    expect(snapped(scene, { x: 39.4, y: 29.1 }, 3, null)).toEqual({ x: 40, y: 30 });
    expect(snapped(scene, { x: 39.4, y: 20.1 }, 3, null)).toEqual({ x: 40, y: 20 });
    expect(snapped(scene, { x: 20.4, y: 22.2 }, 2, null)).toEqual({ x: 20.4, y: 22.2 });
  });

  it("does not stick to the object that is being drawn", () => {
    expect(snapped(scene, { x: 17.3, y: 14.2 }, 2, 1)).toEqual({ x: 17.3, y: 14.2 });
  });
});

describe("one object a pixel", () => {
  it("takes from the others what is drawn, and gives it back", () => {
    const next = random(9);
    for (let round = 0; round < 60; round++) {
      const scene = new Scene(12, 12);
      const box = () => {
        const [w, h] = [1 + Math.floor(next() * 6), 1 + Math.floor(next() * 6)];
        return new Bits(Math.floor(next() * (12 - w)), Math.floor(next() * (12 - h)), w, h, new Uint8Array(w * h).fill(1));
      };
      scene.load([1, 2, 3, 4].map((id) => segment(id, box())));
      const before = JSON.stringify(scene.segments.map((segment) => [segment.id, [...segment.bits.toCounts(12, 12)]]));
      const history = new Trail(scene);
      const fresh = segment(9, box());
      history.do({ kind: "brush", changes: [change(scene, fresh), ...carved(scene, fresh.bits, 9)] });
      for (const segment of scene.segments) if (segment.id !== 9) expect(segment.bits.and(fresh.bits).empty).toBe(true);
      const order = scene.segments.map((segment) => segment.id).filter((id) => id !== 9);
      expect(order).toEqual([...order].sort());
      history.undo();
      expect(JSON.stringify(scene.segments.map((segment) => [segment.id, [...segment.bits.toCounts(12, 12)]]))).toBe(before);
    }
  });

  it("holds for objects that are brought in, and a class that is one object stays one", () => {
    const next = random(21);
    const box = () => {
      const [w, h] = [1 + Math.floor(next() * 6), 1 + Math.floor(next() * 6)];
      return new Bits(Math.floor(next() * (12 - w)), Math.floor(next() * (12 - h)), w, h, new Uint8Array(w * h).fill(1));
    };
    const kind = (id: number): Segment => ({ ...segment(id, box()), classId: 1 + Math.floor(next() * 3) });
    const state = (scene: Scene) => JSON.stringify(scene.segments.map((segment) => [segment.id, segment.classId, [...segment.bits.toCounts(12, 12)]]));
    for (let round = 0; round < 100; round++) {
      const scene = new Scene(12, 12);
      scene.load([1, 2, 3].map(kind));
      const before = state(scene);
      const history = new Trail(scene);
      const exclusive = next() < 0.5;
      const whole = (id: number) => exclusive && id === 2;
      const fresh = [11, 12, 13].map(kind);
      const seen = [...scene.segments, ...fresh].reduce((all, segment) => all.or(segment.bits), Bits.none);
      const own = scene.segments.filter((segment) => segment.classId === 2).length;
      history.do({ kind: "accept", changes: added(scene, fresh, exclusive, whole) });
      const now = scene.segments.reduce((all, segment) => all.or(segment.bits), Bits.none);
      expect(now.equals(seen)).toBe(true); // no pixel is lost
      if (exclusive) {
        expect(scene.segments.filter((segment) => segment.classId === 2).length).toBeLessThanOrEqual(Math.max(own, 1));
        const last = fresh[2].bits;
        for (const segment of scene.segments) if (segment.classId !== fresh[2].classId) expect(segment.bits.and(last).empty).toBe(true);
      } else expect(scene.segments.map((segment) => segment.id)).toEqual([1, 2, 3, 11, 12, 13]);
      const after = state(scene);
      history.undo();
      expect(state(scene)).toBe(before);
      history.redo();
      expect(state(scene)).toBe(after);
    }
  });

  it("everything can be replaced in one gesture, and come back", () => {
    const scene = new Scene(4, 4);
    scene.load([segment(1, bits("##..")), segment(2, bits("..##"))]);
    const history = new Trail(scene);
    history.do({ kind: "adopt", changes: replaced(scene, [segment(5, bits("####")), segment(6, bits(".#.."))]) });
    expect(scene.segments.map((segment) => segment.id)).toEqual([5, 6]);
    history.undo();
    expect(scene.segments.map((segment) => segment.id)).toEqual([1, 2]);
    history.redo();
    expect(scene.segments.map((segment) => segment.id)).toEqual([5, 6]);
  });

  it("isolated objects are alone, and nothing is lost", () => {
    const scene = new Scene(4, 1);
    scene.load([segment(1, bits("##..")), segment(2, bits("..##"))]);
    scene.isolated = 2;
    scene.compose(scene.box);
    expect([...scene.top]).toEqual([0, 0, 2, 2]);
    scene.isolated = null;
    scene.compose(scene.box);
    expect([...scene.top]).toEqual([1, 1, 2, 2]);
  });
});

describe("a turned view", () => {
  it("maps there and back, holds what it turns about, and fits", () => {
    const next = random(3);
    for (let round = 0; round < 100; round++) {
      const view = new View();
      view.scale = 0.1 + 5 * next();
      view.pan(200 * next() - 100, 200 * next() - 100);
      const around = { x: 300 * next(), y: 300 * next() };
      const held = view.toImage(around);
      view.turn(Math.round(720 * next() - 360), around);
      const now = view.toImage(around);
      expect(now.x).toBeCloseTo(held.x, 6);
      expect(now.y).toBeCloseTo(held.y, 6);
      const p = { x: 500 * next(), y: 500 * next() };
      const back = view.toImage(view.toScreen(p));
      expect(back.x).toBeCloseTo(p.x, 6);
      view.fit(640, 480, 800, 600);
      for (const corner of [{ x: 0, y: 0 }, { x: 640, y: 0 }, { x: 0, y: 480 }, { x: 640, y: 480 }]) {
        const q = view.toScreen(corner);
        expect(q.x).toBeGreaterThanOrEqual(-1e-6);
        expect(q.x).toBeLessThanOrEqual(800 + 1e-6);
        expect(q.y).toBeGreaterThanOrEqual(-1e-6);
        expect(q.y).toBeLessThanOrEqual(600 + 1e-6);
      }
    }
  });

  it("shows each pixel where it belongs", () => {
    const scene = new Scene(6, 4);
    scene.load([segment(1, bits("#.....", "......", "......", "......"))]);
    const look = { opacity: 1, outlines: false, byObject: false, colour: () => 0xff0000, selected: null };
    const view = new View();
    view.turn(90, { x: 0, y: 0 }); // the first row becomes the last column
    view.fit(6, 4, 4 / 0.96, 6 / 0.96);
    view.pan(2 - view.toScreen({ x: 3, y: 2 }).x, 3 - view.toScreen({ x: 3, y: 2 }).y);
    view.zoom(1 / view.scale, { x: 2, y: 3 });
    const target = { width: 4, height: 6, data: new Uint8ClampedArray(4 * 24) } as ImageData;
    sample(scene, view, look, target);
    const on = Array.from({ length: 24 }, (_, k) => target.data[4 * k + 3]).flatMap((alpha, k) => (alpha ? [k] : []));
    expect(on).toEqual([3]); // top right
  });
});

describe("pouring", () => {
  it("fills what hangs together by edges, as a slow search does", () => {
    const next = random(11);
    for (let round = 0; round < 60; round++) {
      const [w, h] = [1 + Math.floor(next() * 15), 1 + Math.floor(next() * 15)];
      const scene = new Scene(w, h);
      const own = new Bits(0, 0, w, h, Uint8Array.from({ length: w * h }, () => (next() < 0.45 ? 1 : 0)));
      scene.load([segment(1, own)]);
      const [x, y] = [Math.floor(next() * w), Math.floor(next() * h)];
      const label = scene.top[y * w + x];
      const seen = new Set([y * w + x]);
      const queue = [y * w + x];
      while (queue.length) {
        const at = queue.pop()!;
        const px = at % w;
        for (const other of [px ? at - 1 : -1, px < w - 1 ? at + 1 : -1, at - w, at + w])
          if (other >= 0 && other < w * h && !seen.has(other) && scene.top[other] === label) {
            seen.add(other);
            queue.push(other);
          }
      }
      const found = poured(scene, x, y);
      expect(found.area()).toBe(seen.size);
      for (const at of seen) expect(found.has(at % w, Math.floor(at / w))).toBe(true);
    }
    expect(poured(new Scene(3, 3), 5, 0).empty).toBe(true);
  });
});

describe("strokes as prompts", () => {
  it("keep their ends and are no more than asked", () => {
    const line: Point[] = Array.from({ length: 101 }, (_, x) => ({ x, y: 0 }));
    const few = along(line, 10, 5);
    expect(few).toHaveLength(5);
    expect(few[0]).toEqual({ x: 0, y: 0 });
    expect(few[4]).toEqual({ x: 100, y: 0 });
    expect(along([{ x: 3, y: 4 }], 10, 5)).toEqual([{ x: 3, y: 4 }]);
  });
});

describe("images in tiles", () => {
  it("have the sizes that the server makes", () => {
    expect(sizesOf(6007, 3001, 5)).toEqual([
      { w: 6007, h: 3001 }, { w: 3004, h: 1501 }, { w: 1502, h: 751 }, { w: 751, h: 376 }, { w: 376, h: 188 },
    ]);
  });

  it("ask for what the window shows, the middle first, draw what there is, and do not ask again for what failed", async () => {
    const asked: string[] = [];
    const give = new Map<string, (tile: ImageBitmap | null) => void>();
    const fetchTile = (level: number, column: number, row: number) => {
      const name = `${level}/${column}/${row}`;
      asked.push(name);
      return new Promise<ImageBitmap>((yes, no) => give.set(name, (tile) => (tile ? yes(tile) : no(new Error("gone")))));
    };
    let changed = 0;
    const image = new TiledImage(4096, 4096, 4, fetchTile, () => changed++);
    expect(asked).toEqual(["3/0/0"]);
    const drawn: number[][] = [];
    const context = { drawImage: (_: unknown, ...where: number[]) => drawn.push(where) } as unknown as CanvasRenderingContext2D;
    const tile = { close: () => undefined } as ImageBitmap;
    give.get("3/0/0")!(tile);
    await Promise.resolve();
    await Promise.resolve();
    expect(changed).toBe(1);
    const view = new View();
    view.scale = 1;
    view.x = -1024; // columns 2 to 3
    image.draw(context, view, 1024, 512);
    expect(asked.slice(1)).toEqual(["0/2/0", "0/3/0"]);
    // Meanwhile the coarse tile is there, whole and in parts.
    expect(drawn[0]).toEqual([0, 0, 4096, 4096]);
    expect(drawn[1]).toEqual([128, 0, 64, 64, 1024, 0, 512, 512]);
    give.get("0/2/0")!(null);
    give.get("0/3/0")!(tile);
    await new Promise((resolve) => setTimeout(resolve, 5));
    drawn.length = 0;
    image.draw(context, view, 1024, 512);
    expect(drawn).toContainEqual([1536, 0, 512, 512]);
    expect(asked).toHaveLength(3);
    image.close();
  });

  it("have an overview once only a part is seen", () => {
    const image = { width: 4000, height: 3000 } as ShownImage;
    const view = new View();
    view.fit(4000, 3000, 1000, 800);
    expect(minimap(image, view, 1000, 800)).toBe(null);
    view.zoom(4, { x: 500, y: 400 });
    const found = minimap(image, view, 1000, 800)!;
    expect([found.w, found.h]).toEqual([160, 120]);
    expect(found.shown[0].x).toBeGreaterThan(0);
    expect(found.shown[2].x).toBeLessThan(found.w);
  });
});

describe("a view that is fitted", () => {
  it("is told from one that was moved, enlarged or turned", () => {
    const view = new View();
    view.fit(300, 200, 800, 600);
    expect(view.isFitted(300, 200, 800, 600)).toBe(true);
    expect(view.isFitted(300, 200, 800, 580)).toBe(false);
    view.pan(5, 0);
    expect(view.isFitted(300, 200, 800, 600)).toBe(false);
    view.pan(-5, 0);
    view.zoom(1.2, { x: 400, y: 300 });
    expect(view.isFitted(300, 200, 800, 600)).toBe(false);
    view.turn(90, { x: 400, y: 300 });
    view.fit(300, 200, 800, 600);
    expect(view.isFitted(300, 200, 800, 600)).toBe(true);
  });
});
