import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, type ImageDescription } from "../src/api/client";
import { View } from "../src/model/view";
import { current, desk } from "../src/pages/label/store/state";
import {
  choose, description, everybody, hearWindow, isDeep, isPlain, level, look, lookNow, mine, painter, pixel, resetWindow, saveForEverybody, seen, setEnds,
  showWindow,
} from "../src/pages/label/store/window";
import { Scene } from "../src/model/scene";
import { TiledImage } from "../src/parts/canvas/image";

const shared = { low: [10], high: [30], channels: [], origin: "measured", eight_bits: false };
const turns = (number = 5) => new Promise((go) => setTimeout(go, number));

let painted: { look: string; rough: boolean }[];
let finish: (() => void)[];

beforeEach(() => {
  painted = [];
  finish = [];
  mine.value = null;
  everybody.value = { window: shared, token: "first", deep: true };
  description.value = { channels: ["gray"], dtype: "uint16", notes: [] };
  current.value = 7;
  desk.scene = new Scene(40, 30);
  painter.paint = (rough) => {
    painted.push({ look: lookNow(), rough });
    return new Promise((go) => finish.push(go));
  };
});
afterEach(async () => {
  while (finish.length) {
    finish.shift()!();
    await turns();
  }
  vi.restoreAllMocks();
});

describe("displaying", () => {
  it("asks once at a time, and the last window wins", async () => {
    for (const high of [31, 32, 33, 34]) setEnds(10, high, true);
    setEnds(10, 35);
    expect(painted.length).toBe(1);
    finish.shift()!();
    await turns();
    expect(painted.map(({ look, rough }) => [new URLSearchParams(look).get("high"), rough])).toEqual([["31", true], ["35", false]]);
    finish.shift()!();
    await turns();
    expect(painted.length).toBe(2);
  });

  it("goes on after a failure", async () => {
    painter.paint = () => Promise.reject(new Error("gone"));
    showWindow();
    await turns();
    painter.paint = async (rough) => void painted.push({ look: lookNow(), rough });
    showWindow();
    await turns();
    expect(painted.length).toBe(1);
  });

  it("is by the page's own window, else by everybody's", () => {
    expect(lookNow()).toBe("v=first");
    choose({ ...shared, high: [50] });
    expect(lookNow()).toBe("low=10&high=50&eight_bits=false");
    resetWindow();
    expect([mine.value, lookNow()]).toEqual([null, "v=first"]);
    everybody.value = { window: null, token: "", deep: false };
    expect(lookNow()).toBe("");
  });

  it("takes no window that is turned over or is not a number", () => {
    for (const [low, high] of [[30, 10], [10, 10], [NaN, 3], [0, Infinity]]) setEnds(low, high);
    expect([mine.value, painted]).toEqual([null, []]);
  });
});

describe("a drag on the image", () => {
  it("begins with what is seen, and ends exactly", async () => {
    level.begin();
    level.move(50, 0);
    level.move(0, 0);
    level.end();
    finish.shift()!();
    await turns();
    expect(painted.map(({ rough }) => rough)).toEqual([true, false]);
    expect([mine.value?.low[0], mine.value?.high[0]].map((value) => Math.round(value!))).toEqual([10, 30]);
  });

  it("does nothing to eight bits among deeper images", () => {
    description.value = { channels: ["red", "green", "blue"], dtype: "uint8", notes: [] };
    expect([isPlain.value, isDeep.value]).toEqual([true, false]);
    level.begin();
    level.move(50, 0);
    level.end();
    expect([mine.value, painted]).toEqual([null, []]);
  });
});

describe("everybody's window", () => {
  it("is read anew when another is heard of, and seen where the page has none of its own", async () => {
    const asked = vi.spyOn(api, "window").mockResolvedValue({ window: { ...shared, high: [99] }, token: "second", deep: true });
    await hearWindow("first");
    expect(asked).not.toHaveBeenCalled();
    await hearWindow("second");
    expect([seen.value?.high, lookNow(), painted.length]).toEqual([[99], "v=second", 1]);
    choose({ ...shared, high: [50] });
    asked.mockResolvedValue({ window: shared, token: "third", deep: true });
    finish.shift()!();
    await turns();
    const before = painted.length;
    await hearWindow("third");
    expect([painted.length - before, seen.value?.high]).toEqual([0, [50]]);
  });

  it("is saved with who chose it", async () => {
    const put = vi.spyOn(api, "setWindow").mockImplementation(async (window) => ({ window, token: "mine", deep: true }));
    saveForEverybody(); // nothing of one's own: nothing to save
    setEnds(1, 2);
    saveForEverybody();
    await turns();
    expect(put).toHaveBeenCalledTimes(1);
    expect(put.mock.calls[0][0]).toMatchObject({ low: [1], high: [2], eight_bits: false });
    expect(put.mock.calls[0][0]?.origin).toMatch(/^set by/);
    expect([mine.value, lookNow()]).toEqual([null, "v=mine"]);
  });
});

describe("the pixel under the pointer", () => {
  it("is asked for once at a time, the last place, within the image", async () => {
    const asked = vi.spyOn(api, "values").mockImplementation(async (_, x) => {
      await turns(1);
      return { channels: ["gray"], values: [x] };
    });
    for (let x = -3; x < 20; x++) look({ x: x + 0.5, y: 4.5 });
    await turns(20);
    expect(asked.mock.calls.length).toBeLessThan(4);
    expect([pixel.value?.x, pixel.value?.y, pixel.value?.found.values]).toEqual([19, 4, [19]]);
    look({ x: 40.2, y: 3 });
    await turns(10);
    expect(pixel.value).toBe(null);
    look({ x: 5, y: 5 });
    look(null);
    await turns(20);
    expect(pixel.value).toBe(null);
  });

  it("is not asked for where eight bits are seen as they are", () => {
    description.value = { channels: ["red", "green", "blue"], dtype: "uint8" } as unknown as ImageDescription;
    const asked = vi.spyOn(api, "values");
    look({ x: 5, y: 5 });
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("tiles of another window", () => {
  const bitmap = (name: string) => ({ name, close: vi.fn() }) as unknown as ImageBitmap;
  const painting = () => {
    const drawn: string[] = [];
    return { drawn, context: { drawImage: (tile: { name: string }) => void drawn.push(tile.name) } as unknown as CanvasRenderingContext2D };
  };

  it("replace the old ones as they come, which are seen until then", async () => {
    const asked: { name: string; come: () => void }[] = [];
    const by = (window: string) => (level: number, column: number, row: number) =>
      new Promise<ImageBitmap>((go) => asked.push({ name: `${window} ${level}/${column}/${row}`, come: () => go(bitmap(`${window} ${level}/${column}/${row}`)) }));
    const image = new TiledImage(1024, 1024, 2, by("old"), () => undefined);
    const view = new View();
    const see = () => {
      const { drawn, context } = painting();
      image.draw(context, view, 512, 512);
      return drawn;
    };
    asked.shift()!.come();
    await turns();
    see();
    asked.shift()!.come();
    await turns();
    expect(see()).toEqual(["old 1/0/0", "old 0/0/0"]);
    image.refetch(by("new"));
    expect(see()).toEqual(["old 1/0/0", "old 0/0/0"]);
    expect(asked.map(({ name }) => name)).toEqual(["new 1/0/0", "new 0/0/0"]);
    image.refetch(by("newest")); // before those came
    asked.shift()!.come();
    asked.shift()!.come();
    await turns();
    expect(see()).toEqual(["new 1/0/0", "new 0/0/0"]);
    expect(asked.map(({ name }) => name)).toEqual(["newest 1/0/0", "newest 0/0/0"]);
    while (asked.length) asked.shift()!.come();
    await turns();
    expect(see()).toEqual(["newest 1/0/0", "newest 0/0/0"]);
    expect(asked).toEqual([]);
  });
});
