import { beforeEach, describe, expect, it } from "vitest";
import type { Project } from "../src/api/client";
import { closeGuide, did, gestured, guide, nextStep, resumeGuide, startGuide, takenBack } from "../src/pages/label/store/guide";

const held = new Map<string, string>();
(globalThis as { localStorage?: unknown }).localStorage = {
  getItem: (name: string) => held.get(name) ?? null,
  setItem: (name: string, value: string) => void held.set(name, value),
};

const images = (...objects: number[]) => ({ images: objects.map((number) => ({ objects: number, state: null })) }) as unknown as Project;
const after = { id: 1 } as never;
const made = [{ id: 1, before: null, after, from: 0, to: 0 }];
const changed = [{ id: 1, before: after, after, from: 0, to: 0 }];
const next = () => guide.value && nextStep(guide.value);

beforeEach(() => {
  held.clear();
  guide.value = null;
});

describe("the guide", () => {
  it("is shown where nothing is labelled, until it is closed", () => {
    resumeGuide(images());
    expect(next()).toBeNull();
    resumeGuide(images(0, 1));
    expect(next()).toBeNull();
    resumeGuide(images(0, 0));
    expect(next()).toBe("class");
    closeGuide();
    resumeGuide(images(0, 0));
    expect(guide.value).toBeNull();
    startGuide();
    expect(next()).toBe("class");
  });

  it("goes on when a step is really done, in whatever order", () => {
    startGuide();
    gestured({ kind: "brush", changes: made });
    expect(next()).toBe("class");
    did("class");
    expect(next()).toBe("correct");
    gestured({ kind: "state", changes: [] });
    gestured({ kind: "accept", changes: changed });
    expect(next()).toBe("correct");
    gestured({ kind: "eraser", changes: changed });
    expect(next()).toBe("finish");
    did("finish");
    expect(next()).toBeNull();
    expect(guide.value?.size).toBe(4);
  });

  it("goes back where what was done is taken back, and nothing else is that step", () => {
    startGuide();
    did("class");
    const [first, second] = [{ kind: "brush", changes: made }, { kind: "lasso", changes: made }];
    gestured(first);
    gestured(second);
    takenBack(second, [first]);
    expect(next()).toBe("correct");
    takenBack(first, []);
    expect(next()).toBe("outline");
    gestured(first); // made again
    const mended = { kind: "eraser", changes: changed };
    gestured(mended);
    takenBack(mended, [first]);
    expect(next()).toBe("correct");
    const finished = { kind: "finish", changes: [], said: { state: { before: "open", after: "labelled" } } } as const;
    gestured(finished);
    expect(guide.value?.has("finish")).toBe(true);
    takenBack(finished, [first]);
    expect(guide.value?.has("finish")).toBe(false);
  });

  it("goes on after a reload where it was, and does not come again after its end", () => {
    startGuide();
    did("class");
    guide.value = null;
    resumeGuide(images(0, 3));
    expect(next()).toBe("outline");
    for (const step of ["outline", "correct", "finish"] as const) did(step);
    guide.value = null;
    resumeGuide(images(0, 0));
    expect(guide.value).toBeNull();
  });
});
