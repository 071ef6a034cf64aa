import { beforeEach, describe, expect, it } from "vitest";
import { api, type ClassInfo, type Gesture, type Project, Refused, type WireSegment } from "../src/api/client";
import { Bits } from "../src/model/bits";
import { differing, turnedClasses } from "../src/model/classes";
import { type Command, inverse } from "../src/model/commands";
import { format } from "../src/model/rle";
import { Scene } from "../src/model/scene";
import { addClass, mergeClass, saveClasses } from "../src/pages/label/store/classes";
import { acceptEverywhere, rejectEverywhere } from "../src/pages/label/store/everywhere";
import { classId, current, desk, filter, layer, mode, searched } from "../src/pages/label/store/state";
import { toast } from "../src/pages/label/store/toast";
import { isTurning, redo, undo } from "../src/pages/label/store/undo";
import { Journal, MemoryLedger } from "../src/store/journal";
import { message, project } from "../src/store/project";
import type { Sync } from "../src/store/sync";

const declared = (id: number, name: string, more: Partial<ClassInfo> = {}): ClassInfo => ({ id, name, kind: "thing", role: "class", colour: [id, id, id], ...more });
const [CELL, LEAF, ROOT] = [declared(1, "cell"), declared(2, "leaf"), declared(3, "root")];
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe("a change of the classes", () => {
  const turn = { before: [CELL, LEAF], after: [{ ...CELL, name: "nucleus" }, ROOT] };

  it("knows which it changes", () => {
    expect(differing(turn)).toEqual([1, 2, 3]);
    expect(differing({ before: [CELL, LEAF], after: [CELL, LEAF] })).toEqual([]);
  });

  it("leaves what others did to the rest", () => {
    const now = [CELL, declared(9, "bark"), LEAF];
    expect(turnedClasses(now, turn)).toEqual({ classes: [{ ...CELL, name: "nucleus" }, declared(9, "bark"), ROOT], changed: [] });
    const back = turnedClasses(turnedClasses(now, turn).classes, { before: turn.after, after: turn.before });
    expect([names(back.classes), back.changed]).toEqual([["cell", "bark", "leaf"], []]);
  });

  it("names what others have changed of it", () => {
    expect(turnedClasses([{ ...CELL, name: "egg" }, LEAF], turn).changed).toEqual(["egg"]);
    expect(turnedClasses([CELL], turn).changed).toEqual([]); // it is gone already, as is wished
    expect(turnedClasses([CELL, { ...LEAF, kind: "stuff" }], turn).changed).toEqual(["leaf"]);
  });

  it("minds colours only where it changed one", () => {
    const red = { ...CELL, colour: [255, 0, 0] as [number, number, number] };
    expect(turnedClasses([red, LEAF], turn).changed).toEqual([]);
    expect(turnedClasses([red], { before: [CELL], after: [{ ...CELL, colour: [0, 255, 0] as [number, number, number] }] }).changed).toEqual(["cell"]);
  });

  it("is taken back as other commands are", () => {
    const command: Command = { kind: "classes", changes: [], classes: turn, verdicts: { before: "open", after: "rejected", of: [{ image: 1, run: "r" }] } };
    expect(inverse(inverse(command), "classes")).toEqual(command);
  });
});

const SIZE = 30;
const square = (id: number, x: number, score: number | null = null): WireSegment => ({
  id, class_id: 1, counts: format(Bits.polygon([[{ x, y: 2 }, { x: x + 8, y: 2 }, { x: x + 8, y: 10 }, { x, y: 10 }]], SIZE, SIZE).toCounts(SIZE, SIZE)),
  z: null, is_crowd: false, source: "model", score, attributes: {}, revision: 1,
});
const suggested = () => [square(1, 1, 0.5), square(2, 14, 0.9)];

describe("commands on all images", () => {
  let server: ClassInfo[] = [];
  let used: number[] = [];
  let sent: [number, Gesture][] = [];
  let waits: Record<number, string> = {};
  let objects: Record<number, WireSegment[]> = {};
  let states: Record<number, string | null> = {};
  let down: number | null = null;
  let told: string[] = [];
  let gone: ClassInfo[] = [];
  let [stayed, taken] = [0, false];

  beforeEach(() => {
    [server, used, sent, waits] = [[CELL, LEAF], [], [], { 1: "run", 3: "run" }];
    [told, gone, stayed, taken] = [[], [], 0, false];
    [objects, states, down, mode.value] = [{ 1: [], 2: [], 3: [] }, {}, null, "instance"];
    const images = () => [1, 2, 3].map((number) => ({ number, key: `p${number}`, width: SIZE, height: SIZE, state: states[number] ?? null, confidence: waits[number] ? 0.5 : null }));
    const found = () => ({ me: "ada", place: "here", classes: server, images: images() }) as unknown as Project;
    Object.assign(api, {
      project: async () => found(),
      columns: async () => [],
      classes: async (wanted: ClassInfo[], seen: ClassInfo[]) => {
        if (JSON.stringify(seen) !== JSON.stringify(server)) throw new Refused(409, "somebody else");
        const gone = used.find((id) => !wanted.some((row) => row.id === id));
        if (gone) throw new Refused(400, `segments still use the class with id ${gone}`);
        return (server = wanted.map((row) => ({ ...row, colour: row.colour ?? [7, 7, 7] })));
      },
      mergeClass: async (source: number, _: number, id: string) => {
        told.push(id);
        if (!server.some((row) => row.id === source)) throw new Refused(400, "there is no class");
        if (down === 0) throw new Error("not now");
        gone = server;
        return (server = server.filter((row) => row.id !== source));
      },
      takeBackMerging: async (merging: string, id: string) => {
        told.push(`${id} of ${merging}`);
        if (taken) throw new Refused(400, "the name is that of another class by now");
        return { classes: (server = gone), objects: 1, stayed, images: stayed && 1, stayed_on: stayed ? ["p1"] : [] };
      },
      suggestion: async (number: number) => ({ revision: 1, objects: waits[number] ? suggested() : [], run: waits[number] ?? null, rejected: [] }),
      objects: async (number: number) => {
        if (number === down) throw new Error("not now");
        return { revision: 1, objects: objects[number], workflow: { number: 1, state: states[number] ?? null, comments: [] } };
      },
    });
    project.value = found();
    desk.scene = new Scene(10, 10);
    desk.journal = new Journal(new MemoryLedger(), "tab");
    const push = async (image: number, gesture: Gesture) => {
      sent.push([image, gesture]);
      const { suggestion, state } = gesture.workflow ?? {};
      if (suggestion?.state === "open") waits[image] = "run";
      else if (suggestion) delete waits[image];
      if (state) states[image] = state === "open" ? null : state;
      const touched = [...gesture.put!.map(({ id }) => id), ...gesture.remove!];
      objects[image] = [...objects[image].filter(({ id }) => !touched.includes(id)), ...gesture.put!];
    };
    desk.sync = { push, settled: async () => undefined, knows: () => undefined } as unknown as Sync;
    [current.value, classId.value, layer.value, filter.value, searched.value, message.value] = [null, 1, "shared", "all", "", ""];
    desk.layer = "shared";
  });

  const settled = async () => {
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (isTurning());
  };
  const back = () => (undo(), settled());
  const again = () => (redo(), settled());

  it("take classes back and do them again", async () => {
    await addClass("root");
    expect([names(server), classId.value]).toEqual([["cell", "leaf", "root"], 3]);
    await saveClasses(server.filter(({ id }) => id !== 2).map((row) => (row.id === 1 ? { ...row, name: "nucleus" } : row)));
    expect(names(server)).toEqual(["nucleus", "root"]);
    await back();
    expect(server.map(({ name, id }) => [id, name]).sort()).toEqual([[1, "cell"], [2, "leaf"], [3, "root"]]);
    await back();
    expect([names(server).sort(), classId.value]).toEqual([["cell", "leaf"], 1]);
    await again();
    await again();
    expect(names(server).sort()).toEqual(["nucleus", "root"]);
    expect(toast.value?.words).toContain("classes changed");
  });

  it("are not kept where nothing changed", async () => {
    await saveClasses([...project.value!.classes]);
    expect(desk.journal.canUndo).toBe(false);
  });

  it("leave what somebody else did meanwhile, and say what they cannot take back", async () => {
    await addClass("root");
    server = [...server, declared(9, "bark")]; // this page has not heard of it yet
    await back();
    expect(names(server)).toEqual(["cell", "leaf", "bark"]);
    await again();
    used = [3];
    await back();
    expect(names(server)).toContain("root");
    expect(toast.value?.words).toContain("segments still use the class");
    expect(desk.journal.canUndo).toBe(false);
    await saveClasses(server.map((row) => (row.id === 1 ? { ...row, name: "nucleus" } : row)));
    server = server.map((row) => (row.id === 1 ? { ...row, name: "egg" } : row));
    await back();
    expect(names(server)).toContain("egg");
    expect(toast.value?.words).toContain("somebody else changed “egg”");
  });

  it("take a merging back and do it again, each time under a name of its own", async () => {
    await saveClasses([CELL, { ...LEAF, name: "needle" }]);
    await mergeClass(2, 1);
    expect([names(server), toast.value?.words, toast.value?.undo]).toEqual([["cell"], "needle is cell now", true]);
    await back();
    expect([names(server), toast.value?.words]).toEqual([["cell", "needle"], "Taken back: classes merged"]);
    await again();
    expect(names(server)).toEqual(["cell"]);
    stayed = 2;
    await back();
    expect(toast.value?.words).toContain("2 objects were changed since and stay as they are, on p1");
    await back();
    expect(names(server)).toEqual(["cell", "leaf"]);
    const id = told[0].slice(0, -"-0".length);
    expect(told).toEqual([`${id}-0`, `${id}-1 of ${id}-0`, `${id}-2`, `${id}-3 of ${id}-2`]);
  });

  it("ask for the same merging again where no answer came, and drop one that is refused", async () => {
    down = 0;
    await expect(mergeClass(2, 1)).rejects.toThrow("not now");
    down = null;
    await mergeClass(2, 1);
    expect([told.length, new Set(told).size, desk.journal.standing.length]).toEqual([2, 1, 1]);
    await expect(mergeClass(9, 1)).rejects.toThrow("no class");
    expect(desk.journal.standing.length).toBe(1);
    taken = true;
    await back();
    expect(toast.value?.words).toContain("that of another class by now");
    expect([names(server), desk.journal.canUndo]).toEqual([["cell"], false]);
  });

  it("accept what waits on all images of the list, and take it back at once", async () => {
    filter.value = "suggested";
    await acceptEverywhere();
    expect([objects[1].length, objects[2].length, objects[3].length, states, waits]).toEqual([2, 0, 2, { 1: "review", 3: "review" }, {}]);
    expect(desk.journal.standing.length).toBe(1);
    await back();
    expect([objects, waits]).toEqual([{ 1: [], 2: [], 3: [] }, { 1: "run", 3: "run" }]);
    expect([states[1], states[3]]).toEqual([null, null]);
    await again();
    expect([objects[1].length, objects[3].length, waits]).toEqual([2, 2, {}]);
  });

  it("leave images that were changed since, and name them", async () => {
    filter.value = "suggested";
    await acceptEverywhere();
    states[3] = "approved";
    await back();
    expect(toast.value?.words).toContain("1 of 2 images was changed since and stays as it is: p3");
    expect([objects[1].length, objects[3].length, states[3]]).toEqual([0, 2, "approved"]);
    states[3] = "review"; // what stayed is not of the command any more
    await again();
    await back();
    expect([objects[1].length, objects[3].length]).toEqual([0, 2]);
    await again();
    states[1] = "approved";
    await back();
    expect(toast.value?.words).toContain("1 of 1 images was changed since");
    expect(desk.journal.canUndo).toBe(false);
  });

  it("go on where taking back ended in the middle", async () => {
    filter.value = "suggested";
    await acceptEverywhere();
    down = 3;
    await back();
    expect([message.value, objects[1].length, objects[3].length]).toEqual(["not now", 0, 2]);
    down = null;
    await back();
    expect([objects[1].length, objects[3].length, toast.value?.words]).toEqual([0, 0, "Taken back: accepted on many images"]);
  });

  it("leave pixels of objects that are there to them", async () => {
    filter.value = "suggested";
    objects[1] = [square(9, 15)]; // as good as the surer of the two
    objects[3] = [square(9, 5)]; // half of the other
    mode.value = "panoptic";
    await acceptEverywhere();
    expect([objects[1].length, objects[3].length]).toEqual([2, 3]);
    expect(objects[1][0]).toEqual(square(9, 15));
    expect(objects[3][0]).toEqual(square(9, 5));
    await back();
    expect([objects[1], objects[3]]).toEqual([[square(9, 15)], [square(9, 5)]]);
  });

  it("reject what waits on all images of the list, and take it back at once", async () => {
    filter.value = "suggested";
    await rejectEverywhere();
    expect(waits).toEqual({});
    expect(sent.map(([image, { workflow }]) => [image, workflow?.suggestion])).toEqual([[1, { run: "run", state: "rejected" }], [3, { run: "run", state: "rejected" }]]);
    await back();
    expect(waits).toEqual({ 1: "run", 3: "run" });
    expect(desk.journal.canUndo).toBe(false);
    await again();
    expect(waits).toEqual({});
  });
});
