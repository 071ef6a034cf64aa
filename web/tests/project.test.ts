import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "../src/api/client";
import { project, reload, sends, touched } from "../src/store/project";

/** Of each image its number, state and objects. */
type Row = [number, string | null, number];
const made = (...rows: Row[]) =>
  ({ place: "p", images: rows.map(([number, state, objects]) => ({ number, key: `p${number}`, state, objects, confidence: null, own_labels: [] })) }) as unknown as Project;
const rows = () => project.value!.images.map(({ number, state, objects }) => [number, state, objects]);

/** A studio that answers when it is told to, with what it held when it was asked. */
function studio(held: Project): () => void {
  let answer = () => {};
  const waits = new Promise<void>((done) => (answer = done));
  vi.stubGlobal("fetch", async (address: string) => {
    const body = JSON.stringify(address.endsWith("/project") ? held : { columns: [] });
    await waits;
    return new Response(body, { status: 200 });
  });
  return answer;
}

beforeEach(() => {
  project.value = made([1, null, 0], [2, null, 0]);
  sends(() => []);
});
afterEach(() => vi.unstubAllGlobals());

describe("the project that is asked for anew", () => {
  it("is what the studio says", async () => {
    studio(made([1, "labelled", 3], [2, "review", 1], [3, null, 0]))();
    await reload();
    expect(rows()).toEqual([[1, "labelled", 3], [2, "review", 1], [3, null, 0]]);
  });

  it("leaves what was done here while the answer was on its way", async () => {
    const answer = studio(made([1, null, 0], [2, "labelled", 2]));
    const done = reload();
    project.value = made([1, "approved", 4], [2, null, 0]);
    touched(1);
    answer();
    await done;
    expect(rows()).toEqual([[1, "approved", 4], [2, "labelled", 2]]);
    studio(made([1, "review", 5], [2, "labelled", 2]))();
    await reload();
    expect(rows()[0]).toEqual([1, "review", 5]);
  });

  it("leaves what the studio was not told yet when it was asked", async () => {
    sends(() => [2]);
    project.value = made([1, null, 0], [2, "approved", 1]);
    const answer = studio(made([1, "labelled", 1], [2, null, 0]));
    const done = reload();
    sends(() => []); // it arrives before the answer does
    answer();
    await done;
    expect(rows()).toEqual([[1, "labelled", 1], [2, "approved", 1]]);
  });
});
