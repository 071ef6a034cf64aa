import { beforeEach, describe, expect, it } from "vitest";
import type { Project } from "../src/api/client";
import { Bits } from "../src/model/bits";
import { Scene } from "../src/model/scene";
import { View } from "../src/model/view";
import { hand, isBegun, isTooLittle, stow, takeUp } from "../src/pages/label/store/drafts";
import { classId, current, desk, drawing, selected, toolName } from "../src/pages/label/store/state";
import { Outline } from "../src/pages/label/tools/outline";
import type { Bench, Press } from "../src/parts/canvas/tool";
import { project } from "../src/store/project";

const kept = new Map<string, string>();
(globalThis as { localStorage?: unknown }).localStorage = {
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => void kept.set(name, value),
};

let drawn: { kind: string; bits: Bits; held: object }[] = [];
const bench = {
  get scene() {
    return desk.scene;
  },
  view: new View(),
  snap: (at: object) => at,
  redraw: () => undefined,
  draw: (kind: string, bits: Bits, held: object) => void drawn.push({ kind, bits, held }),
} as unknown as Bench;

const at = (x: number, y: number, more: Partial<Press> = {}): Press => ({ x, y, shift: false, alt: false, button: 0, ...more });
const polygon = () => new Outline(bench, false);
function click(...places: Press[]): void {
  for (const place of places) desk.board!.tool!.down!(place);
}

beforeEach(() => {
  kept.clear();
  drawn = [];
  project.value = { place: "here", me: "ada", classes: [{ id: 1 }, { id: 2 }], images: [] } as unknown as Project;
  desk.scene = new Scene(100, 100);
  desk.layer = "shared";
  desk.board = { tool: polygon(), redraw: () => undefined } as never;
  hand.take = (name) => {
    toolName.value = name;
    desk.board!.tool = polygon();
  };
  toolName.value = "polygon";
  [current.value, classId.value, drawing.value, selected.value] = [1, 1, "new", null];
});

describe("a polygon that is begun", () => {
  it("is closed by its first corner whatever key is held, and is what it was when it began", () => {
    click(at(10, 10, { shift: true }), at(60, 10), at(60, 60), at(10, 10, { shift: true, alt: true }));
    expect(drawn.map(({ kind, bits, held }) => [kind, bits.area(), held])).toEqual([["polygon", 1275, { adds: true, removes: false }]]);
    expect(isBegun()).toBe(false);
  });

  it("is not closed, and not lost, while it has two corners", () => {
    click(at(10, 10), at(60, 10));
    expect(desk.board!.tool!.confirm!()).toBe(false);
    expect(isTooLittle()).toBe(true);
    click(at(60, 60));
    expect(desk.board!.tool!.confirm!()).toBe(true);
    expect(drawn).toHaveLength(1);
  });

  it("is kept with its image, with its class and what it does to which object", () => {
    [classId.value, drawing.value] = [2, "subtract"];
    click(at(10, 10), at(60, 10));
    expect(stow()).toEqual({ image: 1, layer: "shared", tool: "polygon" });
    hand.take("brush");
    [current.value, classId.value, drawing.value] = [2, 1, "new"];
    takeUp();
    expect([isBegun(), toolName.value, classId.value]).toEqual([false, "brush", 1]);
    current.value = 1;
    takeUp();
    expect([isBegun(), toolName.value, classId.value, drawing.value]).toEqual([true, "polygon", 2, "subtract"]);
    click(at(60, 60));
    expect(desk.board!.tool!.confirm!()).toBe(true);
    expect(drawn[0].bits.area()).toBe(1275);
    takeUp(); // it does not come twice
    expect(isBegun()).toBe(false);
  });

  it("takes the place of nothing that is begun", () => {
    click(at(10, 10), at(60, 10), at(60, 60));
    stow();
    desk.board!.tool!.cancel!();
    click(at(5, 5));
    takeUp();
    desk.board!.tool!.back!();
    expect(isBegun()).toBe(false);
    takeUp();
    expect(isBegun()).toBe(true);
  });

  it("of another version of the page does no harm", () => {
    kept.set("maskwright drafts here ada", JSON.stringify([["shared/1", { tool: "polygon", begun: null, classId: 7, drawing: "new", selected: 9 }]]));
    takeUp();
    expect([isBegun(), classId.value, selected.value]).toEqual([false, 1, null]);
    kept.set("maskwright drafts here ada", "no JSON");
    takeUp();
    expect(isBegun()).toBe(false);
  });
});
