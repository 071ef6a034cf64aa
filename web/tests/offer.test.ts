import { beforeEach, describe, expect, it } from "vitest";
import type { Gesture, Project, WireSegment } from "../src/api/client";
import { Bits } from "../src/model/bits";
import { inverse } from "../src/model/commands";
import { joined } from "../src/model/joined";
import { format } from "../src/model/rle";
import { Scene } from "../src/model/scene";
import { draw } from "../src/pages/label/store/gestures";
import { atHand, ghosts, least, looked, offer, offered, remaining, shade, suggestionsOf, wanted } from "../src/pages/label/store/offer";
import { classId, current, desk, layer, mode, selected, version } from "../src/pages/label/store/state";
import { accept, acceptAt, acceptLooked, acceptOne, reject, rejectAt, rejectLooked, rejectOne, stepLooked } from "../src/pages/label/store/suggestions";
import { toast } from "../src/pages/label/store/toast";
import { undo, redo } from "../src/pages/label/store/undo";
import { Journal, MemoryLedger } from "../src/store/journal";
import { project } from "../src/store/project";
import type { Sync } from "../src/store/sync";
import { gesture } from "../src/store/wire";

const SIZE = 60;
let sent: Gesture[] = [];

const disk = (x: number, y: number) => Bits.disk({ x, y }, 6, SIZE, SIZE);
const PLACES = [[10, 10], [30, 10], [50, 10], [10, 40]] as const;
/** As the server sends them: the least sure lowest. */
const SCORES = [0.4, 0.6, 0.8, 0.95];
const objects = (): WireSegment[] =>
  PLACES.map(([x, y], k) => ({
    id: k + 1, class_id: 1, counts: format(disk(x, y).toCounts(SIZE, SIZE)), z: k, is_crowd: false, source: "model", score: SCORES[k],
    attributes: { suggested_by: "run" }, revision: 0,
  }));
const row = () => project.value!.images[0];
const ids = () => remaining.value.map(({ id }) => id);

describe("an offer of suggestions", () => {
  beforeEach(() => {
    sent = [];
    project.value = {
      me: "ada", images: [{ number: 1, key: "p", height: SIZE, width: SIZE, split: null, state: null, objects: 0, confidence: 0.7, tiles: 0, own_labels: [] }],
      classes: [{ id: 1, name: "cell", kind: "thing", role: "class", colour: [255, 0, 0] }],
    } as unknown as Project;
    desk.scene = new Scene(SIZE, SIZE);
    desk.scene.load([]);
    desk.layer = "shared";
    layer.value = "shared";
    desk.journal = new Journal(new MemoryLedger(), "tab");
    desk.sync = { push: async (_: number, made: Gesture) => void sent.push(made), settled: async () => undefined } as unknown as Sync;
    current.value = 1;
    selected.value = looked.value = null;
    classId.value = 1;
    least.value = 0;
    offer.value = { image: 1, run: "run", confidence: 0.7, objects: suggestionsOf(objects()), rejected: new Set(), verdict: "open" };
  });

  it("is ordered and shaded by confidence", () => {
    expect(ids()).toEqual([4, 3, 2, 1]);
    expect(ghosts.value.map(({ alpha }) => alpha)).toEqual(SCORES.map(shade)); // the surest drawn last
    expect([...ghosts.value].every((each, k, all) => !k || all[k - 1].alpha < each.alpha)).toBe(true);
    looked.value = 2;
    expect(ghosts.value.at(-1)).toMatchObject({ chosen: true });
    least.value = 0.7;
    expect(wanted.value.map(({ id }) => id)).toEqual([4, 3]);
    expect(atHand.value).toBeNull(); // it is not shown any more
  });

  it("joins what is there in the same way, one by one and at once", () => {
    const shifted = (x: number) => disk(x, 10).trimmed();
    const there = { bits: shifted(30) };
    const give = (bits: Bits, k: number) => ({ bits, k });
    const overlapping = [give(shifted(32), 0), give(shifted(38), 1), give(shifted(40), 2), give(shifted(50), 3)];
    // The first is there already, the third is the second.
    expect(joined([there], overlapping, false).map(({ k }) => k)).toEqual([1, 3]);
    const [second, fourth] = joined([there], overlapping, true);
    expect([second.k, fourth.k]).toEqual([1, 3]);
    expect(second.bits.equals(overlapping[1].bits.minus(there.bits).trimmed())).toBe(true);
    expect(fourth.bits.and(second.bits).area()).toBe(0);
    // Inside a large object: one of its own where objects may overlap, nothing where they may not.
    const large = { bits: Bits.disk({ x: 30, y: 10 }, 25, SIZE, SIZE) };
    expect([joined([large], overlapping, false).length, joined([large], overlapping, true).length]).toEqual([3, 0]);
  });

  it("takes no pixel from objects that are there, however it is accepted", () => {
    mode.value = "panoptic";
    const mine = { id: 77, classId: 1, bits: disk(56, 10).trimmed(), crowd: false, source: "human" as const, score: null, attributes: {} };
    for (const judge of [accept, () => acceptOne(remaining.value.find(({ id }) => id === 3)!)]) {
      offer.value = { image: 1, run: "run", confidence: 0.7, objects: suggestionsOf(objects()), rejected: new Set(), verdict: "open" };
      desk.scene.load([mine]);
      version.value++;
      expect(ids()).toEqual([4, 3, 2, 1]);
      judge();
      const [first, ...rest] = desk.scene.segments;
      expect(first.bits.equals(mine.bits)).toBe(true);
      expect(rest.length).toBe(judge === accept ? 4 : 1);
      expect(rest.every(({ bits }) => !bits.and(first.bits).area())).toBe(true);
    }
    mode.value = "instance";
  });

  it("is accepted object by object, and each can be taken back", () => {
    acceptOne(remaining.value[0]);
    expect(ids()).toEqual([3, 2, 1]);
    const [made] = desk.scene.segments;
    expect(made).toMatchObject({ source: "human", score: 0.95, attributes: { suggested_by: "run", accepted: "untouched" } });
    expect(made.bits.equals(disk(10, 40).trimmed())).toBe(true);
    expect(row()).toMatchObject({ objects: 1, confidence: 0.7, state: null }); // it waits for the rest
    undo();
    expect(ids()).toEqual([4, 3, 2, 1]);
    expect(row()).toMatchObject({ objects: 0, confidence: 0.7 });
    redo();
    expect(ids()).toEqual([3, 2, 1]);
    expect(acceptAt({ x: 50.5, y: 10.5 })).toBe(true);
    expect(acceptAt({ x: 50.5, y: 10.5 })).toBe(false);
    expect(ids()).toEqual([2, 1]);
  });

  it("is rejected object by object, and each can be taken back", () => {
    rejectOne(remaining.value[0]);
    expect(ids()).toEqual([3, 2, 1]);
    expect(sent.at(-1)).toMatchObject({ kind: "reject one", put: [], workflow: { objects: { run: "run", segments: [4], state: "rejected" } } });
    expect(rejectAt({ x: 10, y: 10 })).toBe(true);
    expect(ids()).toEqual([3, 2]);
    undo();
    undo();
    expect(ids()).toEqual([4, 3, 2, 1]);
    expect(sent.at(-1)!.workflow).toEqual({ objects: { run: "run", segments: [4], state: "open" } });
    redo();
    expect(ids()).toEqual([3, 2, 1]);
  });

  it("ends with its last object, and the verdict says whether something was taken", () => {
    for (let k = 0; k < 3; k++) rejectOne(remaining.value[0]);
    expect(offered.value).not.toBeNull();
    rejectOne(remaining.value[0]);
    expect(sent.at(-1)!.workflow).toMatchObject({ suggestion: { state: "rejected" }, objects: { segments: [1] } });
    expect(offered.value).toBeNull();
    expect(row().confidence).toBeNull();
    undo();
    expect(ids()).toEqual([1]);
    acceptOne(remaining.value[0]);
    expect(sent.at(-1)!.workflow).toMatchObject({ suggestion: { state: "accepted" } });
    expect(offered.value).toBeNull();
  });

  it("is accepted as a whole, or what is sure enough of it, and comes back whole", () => {
    least.value = 0.7;
    accept();
    expect(desk.scene.segments.map(({ score }) => score)).toEqual([0.8, 0.95]); // the surest on top
    expect(offered.value).toBeNull();
    expect(row()).toMatchObject({ state: "labelled", confidence: null, objects: 2 });
    expect(toast.value?.words).toContain("2 of less than 0.70 left out");
    expect(sent.at(-1)!.workflow).toEqual({ state: "labelled", suggestion: { run: "run", state: "accepted" } });
    undo();
    expect(desk.scene.segments).toEqual([]);
    expect(ids()).toEqual([4, 3, 2, 1]);
    expect(row()).toMatchObject({ state: null, confidence: 0.7, objects: 0 });
    least.value = 0;
    reject();
    expect(offered.value).toBeNull();
    undo();
    expect(ids()).toEqual([4, 3, 2, 1]);
  });

  it("is gone through by keys, and nothing is judged unseen", () => {
    acceptLooked();
    expect(desk.scene.segments).toEqual([]);
    expect(atHand.value?.id).toBe(4); // the surest is looked at first
    stepLooked(1);
    expect(atHand.value?.id).toBe(3);
    rejectLooked();
    expect(atHand.value?.id).toBe(2);
    acceptLooked();
    expect(atHand.value?.id).toBe(1);
    stepLooked(1);
    expect(atHand.value?.id).toBe(4);
    stepLooked(-1);
    expect(atHand.value?.id).toBe(1);
  });

  it("does not offer again what was drawn by hand", () => {
    draw("brush", disk(31, 10));
    expect(ids()).toEqual([4, 3, 1]);
    expect(row().confidence).toBeNull(); // who draws from scratch does without it in the list
  });

  it("is told as it was before when a verdict is taken back", () => {
    const said = { objects: { run: "run", ids: [1, 2], before: "open" as const, after: "rejected" as const } };
    const back = inverse({ kind: "reject one", changes: [], said });
    expect(gesture(back, SIZE, SIZE, {}, "id").workflow).toEqual({ objects: { run: "run", segments: [1, 2], state: "open" } });
  });
});
