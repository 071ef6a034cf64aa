import { beforeEach, describe, expect, it } from "vitest";
import type { Project } from "../src/api/client";
import { following, isDone, isUnfinished, listed } from "../src/pages/label/store/listing";
import { filter, layer, searched } from "../src/pages/label/store/state";
import { project } from "../src/store/project";

const rows = (...states: (string | null)[]) =>
  states.map((state, k) => ({ number: k + 1, key: `p${k + 1}`, state, confidence: null as number | null, assignee: null as string | null, own_labels: [] as string[] }));
let images = rows(null, "labelled", null, "review", "approved");

const numbers = (list: readonly { number: number }[]) => list.map(({ number }) => number);
const set = () => (project.value = { me: "ada", images: [...images] } as unknown as Project);

beforeEach(() => {
  images = rows(null, "labelled", null, "review", "approved");
  [filter.value, searched.value, layer.value] = ["all", "", "shared"];
  set();
});

describe("the list of images", () => {
  it("shows what its filter and its field of text say", () => {
    expect(numbers(listed.value)).toEqual([1, 2, 3, 4, 5]);
    filter.value = "open";
    expect(numbers(listed.value)).toEqual([1, 3]);
    searched.value = "P3";
    expect(numbers(listed.value)).toEqual([3]);
  });

  it("has what is doubted most first where suggestions wait", () => {
    images[0].confidence = 0.9;
    images[2].confidence = 0.2;
    set();
    filter.value = "suggested";
    expect(numbers(listed.value)).toEqual([3, 1]);
    expect(numbers(following(listed.value, images, 3))).toEqual([1]);
    expect(numbers(following(listed.value, images, 1))).toEqual([3]);
  });

  it("goes on after an image, and around", () => {
    expect(numbers(following(images, images, 3))).toEqual([4, 5, 1, 2]);
    expect(numbers(following(images, images, 5))).toEqual([1, 2, 3, 4]);
    expect(numbers(following(images, images, null))).toEqual([1, 2, 3, 4, 5]);
    filter.value = "open";
    expect(numbers(following(listed.value, images, 2))).toEqual([3, 1]); // where the open image is not of it
    expect(numbers(following(listed.value, images, 5))).toEqual([1, 3]);
    expect(following([], images, 2)).toEqual([]);
  });

  it("knows what is left to do", () => {
    expect(numbers(images.filter(isUnfinished as never))).toEqual([1, 3]);
    expect(numbers(images.filter(isDone as never))).toEqual([2, 5]);
    filter.value = "review";
    expect(numbers(images.filter(isUnfinished as never))).toEqual([1, 3, 4]);
    layer.value = "own";
    images[1].own_labels = ["ada"];
    expect(numbers(images.filter(isDone as never))).toEqual([2]);
  });
});
