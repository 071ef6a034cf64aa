import { beforeEach, describe, expect, it } from "vitest";
import type { Project } from "../src/api/client";
import { Bits } from "../src/model/bits";
import { Scene } from "../src/model/scene";
import { classId, desk, drawing, drawnColour, selected } from "../src/pages/label/store/state";
import { Brush } from "../src/pages/label/tools/brush";
import type { Board } from "../src/parts/canvas/board";
import type { Bench } from "../src/parts/canvas/tool";
import { project } from "../src/store/project";
import { words } from "../src/strings";

describe("what is drawn", () => {
  beforeEach(() => {
    const row = (id: number, colour: number[]) => ({ id, name: `${id}`, kind: "thing", role: "class", colour });
    project.value = { classes: [row(1, [255, 0, 0]), row(2, [0, 0, 255])], images: [] } as unknown as Project;
    desk.scene = new Scene(4, 4);
    desk.scene.load([{ id: 7, classId: 2, bits: new Bits(0, 0, 1, 1, new Uint8Array([1])), crowd: false, source: "human", score: null, attributes: {} }]);
    classId.value = 1;
    selected.value = 7;
    drawing.value = "new";
  });

  it("has the colour of the class that it will have", () => {
    expect(drawnColour()).toBe(0xff0000);
    drawing.value = "add";
    expect(drawnColour()).toBe(0x0000ff);
    selected.value = null;
    expect(drawnColour()).toBe(0xff0000);
  });

  it("is white where it is taken away", () => {
    drawing.value = "subtract";
    expect(drawnColour()).toBe(0xffffff);
    drawing.value = "new";
    desk.board = { tool: new Brush({} as Bench, true) } as unknown as Board;
    expect(drawnColour()).toBe(0xffffff);
    desk.board = null;
  });
});

describe("words for an engine's answers", () => {
  it("say what to try where there is none", () => {
    expect(words.foundNothing(true, false)).toBe("The engine finds nothing here. Draw the box closer round the object, or click on it (Click).");
    expect(words.foundNothing(false, false)).toBe("The engine finds nothing here. Click in the middle of the object, or draw a box round it (Box).");
    expect(words.foundNothing(true, true)).toContain("here. Lower the threshold, draw the box");
  });

  it("count candidates, with the key as keyboards show it", () => {
    expect(words.candidate(2, 3, "z")).toBe("Candidate 2 of 3; Z: the next");
    expect(words.candidate(2, 3, "")).toBe("Candidate 2 of 3");
  });
});
