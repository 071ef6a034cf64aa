import { beforeEach, describe, expect, it } from "vitest";
import type { Answered, ColumnInfo, Gesture, ImageInfo, Project } from "../src/api/client";
import { Bits } from "../src/model/bits";
import { Scene, type Segment } from "../src/model/scene";
import { current, desk } from "../src/pages/label/store/state";
import { redo, undo } from "../src/pages/label/store/undo";
import { fill, isTaken, read, written } from "../src/pages/label/store/values";
import { Journal, MemoryLedger } from "../src/store/journal";
import { MemoryShelf } from "../src/store/pending";
import { message, project } from "../src/store/project";
import { Sync } from "../src/store/sync";

const column = (name: string, kind: string, parts: Partial<ColumnInfo> = {}): ColumnInfo => ({
  name, kind, owner: "segment", unit: null, low: null, high: null, values: [], length: null, display: null, description: "",
  expression: null, declared: true, built_in: false, ...parts,
});
const temperature = column("temperature", "number", { low: -10, high: 50, unit: "°C" });
const grade = column("grade", "category", { values: ["good", "poor"] });

describe("a value", () => {
  it("is read as its column holds it", () => {
    expect(read(temperature, "20.5")).toBe(20.5);
    expect(read(temperature, "-10")).toBe(-10);
    expect(read(column("count", "integer"), "1e3")).toBe(1000);
    expect(read(column("seen", "bool"), "false")).toBe(false);
    expect(read(grade, "poor")).toBe("poor");
    expect(read(column("note", "text"), " as it is ")).toBe(" as it is ");
    for (const text of ["2024-05-01", "2024-05-01T12:30", "2024-05-01 12:30:00.250000+02:00", "2024-05-01T12:30:00Z"])
      expect(read(column("taken", "time"), text)).toBe(text);
    for (const kind of ["number", "integer", "bool", "text", "time", "category"]) expect(read(column("any", kind), "")).toBe(null);
  });

  it("that its column does not take is refused, with what it takes", () => {
    const wrong: [ColumnInfo, string, string][] = [
      [temperature, "50.1", "temperature stays as it was: 50.1 is not a number from -10 to 50"],
      [temperature, "-11", "a number from -10 to 50"],
      [temperature, "1e999", "a number from -10 to 50"],
      [temperature, "  ", "a number from -10 to 50"],
      [column("share", "number", { low: 0 }), "warm", "share stays as it was: warm is not a number from 0"],
      [column("share", "number", { high: 1 }), "Infinity", "not a number to 1"],
      [column("count", "integer"), "2.5", "2.5 is not a whole number"],
      [column("count", "integer"), "9007199254740993", "is not a whole number"],
      [grade, "fair", "fair is not one of good, poor"],
      [column("seen", "bool"), "1", "1 is not yes or no"],
      [column("taken", "time"), "yesterday", "yesterday is not a time such as 2024-05-01T12:30"],
      [column("taken", "time"), "2024-13-01", "a time such as"],
    ];
    for (const [of, text, words] of wrong) expect(() => read(of, text), text).toThrow(words);
  });

  it("is shown as text, whatever it is", () => {
    const held = [undefined, null, 0, false, "", "a", [1, 2], { a: 1 }];
    expect(held.map((value) => written(column("any", "json"), value))).toEqual(["", "", "0", "false", "", "a", "[1,2]", '{"a":1}']);
    const times = ["2024-05-01T12:30:00.000000", "2024-05-01T12:30:10.000000+00:00", "2024-05-01T12:30:10.500000"];
    expect(times.map((value) => written(column("taken", "time"), value))).toEqual(["2024-05-01T12:30", "2024-05-01T12:30:10+00:00", "2024-05-01T12:30:10.500000"]);
  });

  it("is set here where it is declared, single, and not computed", () => {
    expect(isTaken(temperature)).toBe(true);
    expect(isTaken(column("half", "number", { expression: "temperature / 2" }))).toBe(false);
    expect(isTaken(column("came", "number", { declared: false }))).toBe(false);
    for (const kind of ["box", "points", "vector", "json"]) expect(isTaken(column("wide", kind)), kind).toBe(false);
  });
});

describe("setting a value", () => {
  let sent: Gesture[];
  const object = (): Segment => desk.scene.find(5)!;

  beforeEach(async () => {
    sent = [];
    const apply = async (_: number, operations: Gesture[]): Promise<Answered[]> => {
      sent.push(...operations);
      return operations.map(({ id }) => ({ id, revision: sent.length, again: false, stale: [], workflow: 0, before: 0 }));
    };
    desk.sync = new Sync({ apply }, new MemoryShelf(), () => undefined, 5);
    await desk.sync.begin();
    desk.scene = new Scene(4, 3);
    desk.scene.load([{ id: 5, classId: 1, bits: new Bits(0, 0, 2, 2, Uint8Array.of(1, 1, 1, 1)), crowd: false, source: "import", score: 0.5, attributes: { kept: [1], grade: "good" } }]);
    desk.scene.fields = { kept: { a: 1 }, temperature: 20 };
    desk.journal = new Journal(new MemoryLedger(), "here");
    current.value = 7;
    message.value = "";
    project.value = { me: "ada", images: [{ number: 7, confidence: 0.75 } as ImageInfo], classes: [{ id: 1, name: "cell" }] } as unknown as Project;
  });

  it("of an object is a gesture on it, to and fro", async () => {
    fill(grade, 5, "poor");
    expect(object().attributes).toEqual({ kept: [1], grade: "poor" });
    fill(grade, 5, "");
    expect(object().attributes).toEqual({ kept: [1] });
    undo();
    expect(object().attributes).toEqual({ kept: [1], grade: "poor" });
    undo();
    redo();
    await desk.sync.settled();
    expect(sent.map(({ kind, fields, put }) => [kind, fields, put![0].attributes!.grade ?? null])).toEqual([
      ["value", {}, "poor"], ["value", {}, null], ["undo", {}, "poor"], ["undo", {}, "good"], ["redo", {}, "poor"],
    ]);
    expect(object().source).toBe("import"); // who drew it drew it
  });

  it("of the image is a gesture with that field alone, to and fro", async () => {
    fill({ ...temperature, owner: "sample" }, null, "21.5");
    fill({ ...grade, owner: "sample" }, null, "poor");
    expect(desk.scene.fields).toEqual({ kept: { a: 1 }, temperature: 21.5, grade: "poor" });
    undo();
    expect(desk.scene.fields).toEqual({ kept: { a: 1 }, temperature: 21.5 });
    undo();
    expect(desk.scene.fields).toEqual({ kept: { a: 1 }, temperature: 20 });
    redo();
    fill({ ...temperature, owner: "sample" }, null, "");
    expect(desk.scene.fields).toEqual({ kept: { a: 1 } });
    await desk.sync.settled();
    expect(sent.map(({ kind, fields, put }) => [kind, fields, put])).toEqual([
      ["value", { temperature: 21.5 }, []], ["value", { grade: "poor" }, []], ["undo", { grade: null }, []],
      ["undo", { temperature: 20 }, []], ["redo", { temperature: 21.5 }, []], ["value", { temperature: null }, []],
    ]);
    expect(project.value!.images[0].confidence).toBe(0.75); // what is suggested for it still is
  });

  it("to what it is, or of an object that is gone, does nothing", async () => {
    fill(grade, 5, "good");
    fill(temperature, null, "20.0");
    fill(grade, 6, "poor");
    await desk.sync.settled();
    expect([sent, desk.journal.canUndo]).toEqual([[], false]);
  });

  it("that is refused says so, and changes nothing", async () => {
    fill(temperature, null, "900");
    await desk.sync.settled();
    expect(message.value).toBe("temperature stays as it was: 900 is not a number from -10 to 50");
    expect([sent, desk.scene.fields.temperature]).toEqual([[], 20]);
    fill(temperature, null, "30");
    expect(message.value).toBe("");
  });
});
