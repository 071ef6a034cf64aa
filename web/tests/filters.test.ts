import { describe, expect, it } from "vitest";
import { conditions, read, toggled, withFilter, write, type Filter } from "../src/pages/explore/filters";

describe("what is chosen in bars", () => {
  it("is conditions of the store", () => {
    const filters: Filter[] = [
      { expression: "last.iou", owner: "sample", range: [0.5, 1, true] },
      { expression: "split", owner: "sample", words: ["it's", "val"], missing: true },
      { expression: "ok", owner: "sample", range: [0, 2, true], truth: true },
    ];
    expect(conditions(filters)).toEqual([
      "last.iou >= 0.5 and last.iou <= 1", "split in ('it''s', 'val') or split is null", "ok = false or ok = true",
    ]);
  });

  it("is about one segment, whatever is chosen of segments", () => {
    const filters: Filter[] = [
      { expression: "area", owner: "segment", range: [4, 9, false] },
      { expression: "split", owner: "sample", words: ["val"] },
      { expression: "class", owner: "segment", words: ["car"] },
      { expression: "is_crowd", owner: "segment", range: [1, 2, true], truth: true },
    ];
    expect(conditions(filters)).toEqual(["split in ('val')", "any((area >= 4 and area < 9) and (class in ('car')) and (is_crowd = true))"]);
  });

  it("leaves all where nothing is chosen", () => {
    expect(conditions([{ expression: "split", owner: "sample", words: [] }, { expression: "area", owner: "segment" }])).toEqual([]);
  });

  it("is one for each column", () => {
    const area: Filter = { expression: "area", owner: "segment", range: [1, 2, false] };
    const all = withFilter(withFilter([], area), { expression: "split", owner: "sample", words: ["val"] });
    expect(conditions(withFilter(all, { ...area, range: [5, 6, false] }))).toEqual(["split in ('val')", "any((area >= 5 and area < 6))"]);
    expect(withFilter(all, { expression: "area", owner: "segment" })).toEqual([{ expression: "split", owner: "sample", words: ["val"] }]);
  });

  it("is switched on and off", () => {
    let filters = toggled([], "class", "segment", "car");
    filters = toggled(filters, "class", "segment", "sky");
    expect(conditions(filters)).toEqual(["any((class in ('car', 'sky')))"]);
    filters = toggled(filters, "class", "segment", "car");
    filters = toggled(filters, "class", "segment", null);
    expect(conditions(filters)).toEqual(["any((class in ('sky') or class is null))"]);
    expect(toggled(toggled(filters, "class", "segment", "sky"), "class", "segment", null)).toEqual([]);
  });

  it("is kept in an address", () => {
    const filter: Filter = { expression: "run('a').iou", owner: "segment", range: [0, 0.25, false] };
    expect(read(write(filter))).toEqual(filter);
    for (const wrong of ["", "{}", "[]", "3", '{"expression":"a"}', '{"expression":"a","owner":"x"}', '{"expression":"a","owner":"sample","range":[1]}', '{"expression":"a","owner":"sample","words":[1]}']) {
      expect(read(wrong)).toBeNull();
    }
  });
});
