import { beforeEach, describe, expect, it } from "vitest";
import { type Answered, type Gesture, Refused, type WireSegment } from "../src/api/client";
import { MemoryShelf } from "../src/store/pending";
import { Sync } from "../src/store/sync";

/** A server for the tests: applies each operation once, and knows what is stale. */
class Server {
  revision = 10;
  said = 0;
  objects = new Map<number, { revision: number; counts: string }>();
  seen = new Map<string, number>();
  down = false;
  loses = false; // the answer, not the work
  calls = 0;

  async apply(_: number, operations: Gesture[]): Promise<Answered[]> {
    this.calls++;
    if (this.down) throw new TypeError("failed to fetch");
    const out: Answered[] = [];
    for (const operation of operations) {
      const before = this.seen.get(operation.id);
      if (before !== undefined) {
        out.push({ id: operation.id, revision: before, again: true, stale: [], workflow: this.said, before: this.revision });
        continue;
      }
      const ids = [...(operation.put ?? []).map((segment) => segment.id), ...(operation.remove ?? [])];
      const stale = ids.filter((id) => {
        const now = this.objects.get(id)?.revision;
        const base = operation.base?.[id];
        return (base === undefined) !== (now === undefined) || (now !== undefined && now > base!);
      });
      if (stale.length) return [...out, { id: operation.id, revision: this.revision, again: false, stale, workflow: this.said, before: this.revision }];
      const last = this.revision;
      if (ids.length) this.revision++;
      if (operation.workflow) this.said++;
      for (const segment of operation.put ?? []) this.objects.set(segment.id, { revision: this.revision, counts: segment.counts });
      for (const id of operation.remove ?? []) this.objects.delete(id);
      this.seen.set(operation.id, this.revision);
      out.push({ id: operation.id, revision: this.revision, again: false, stale: [], workflow: this.said, before: last });
    }
    if (this.loses) {
      this.loses = false;
      throw new TypeError("the answer was lost");
    }
    return out;
  }
}

let name = 0;
const put = (id: number, counts: string): Gesture => ({
  id: `operation-${name++}`, kind: "brush", put: [{ id, class_id: 1, counts } as WireSegment], remove: [], base: {}, fields: {}, effort: {},
});

describe("sync", () => {
  let server: Server;
  let shelf: MemoryShelf;
  let sync: Sync;
  const wait = () => new Promise((resolve) => setTimeout(resolve, 30));

  beforeEach(async () => {
    server = new Server();
    shelf = new MemoryShelf();
    sync = new Sync(server, shelf, () => undefined, 5);
    await sync.begin();
  });

  it("sends in order and keeps nothing that was acknowledged", async () => {
    for (const counts of ["a", "b", "c"]) await sync.push(1, put(5, counts));
    await sync.settled();
    expect(server.objects.get(5)!.counts).toBe("c");
    expect(sync.state).toBe("saved");
    expect(await shelf.all()).toEqual([]);
  });

  it("keeps what cannot be sent, also through a new page", async () => {
    server.down = true;
    await sync.push(1, put(5, "a"));
    await sync.push(1, put(5, "b"));
    await wait();
    expect(sync.state).toBe("offline");
    expect((await shelf.all()).length).toBe(2);
    const page = new Sync(server, shelf, () => undefined, 5);
    server.down = false;
    await page.begin();
    await page.settled();
    expect(server.objects.get(5)!.counts).toBe("b");
    expect(await shelf.all()).toEqual([]);
  });

  it("knows after a crash what its own earlier gestures had become", async () => {
    const real = server.apply.bind(server);
    let answered = 0;
    server.apply = async (image, operations) => {
      if (++answered > 1) throw new TypeError("the page dies here");
      return real(image, operations);
    };
    await sync.push(1, put(5, "a"));
    await sync.push(1, put(5, "b")); // made before the first was acknowledged: it could not say on what
    await wait();
    expect((await shelf.all()).length).toBe(1);
    server.apply = real;
    const page = new Sync(server, shelf, () => undefined, 5);
    await page.begin();
    await page.settled();
    expect(page.state).toBe("saved");
    expect(server.objects.get(5)!.counts).toBe("b");
  });

  it("does nothing twice when an answer is lost", async () => {
    server.loses = true;
    await sync.push(1, put(5, "a"));
    await sync.push(1, put(6, "b"));
    await wait();
    await sync.settled();
    expect(server.revision).toBe(12);
    expect(server.objects.size).toBe(2);
  });

  for (const [choice, mine, other] of [["mine", "mine", false], ["theirs", "theirs", false], ["both", "theirs", true]] as const)
    it(`asks when somebody else was there: ${choice}`, async () => {
      server.objects.set(5, { revision: 11, counts: "theirs" });
      server.revision = 11;
      sync.knows(1, 5, 10);
      await sync.push(1, put(5, "mine"));
      await sync.push(1, put(5, "mine"));
      await wait();
      expect(sync.state).toBe("conflict");
      expect(server.objects.get(5)!.counts).toBe("theirs");
      await sync.resolve(choice === "mine" ? "mine" : "theirs", new Map([[5, 11]]), choice === "both" ? put(77, "mine") : null);
      await sync.settled();
      expect(sync.state).toBe("saved");
      expect(server.objects.get(5)!.counts).toBe(mine);
      expect(server.objects.get(77)?.counts).toBe(other ? "mine" : undefined);
      expect(await shelf.all()).toEqual([]);
    });

  it("knows which changes of an image's workflow are its own", async () => {
    const say = (state: "labelled" | "review"): Gesture => ({ ...put(5, ""), put: [], kind: "state", workflow: { state } });
    sync.hear(1, 0);
    server.revision = 20; // somebody else has drawn
    await sync.push(1, say("labelled"));
    await sync.settled();
    expect(sync.heard(1, 1)).toBe(true);
    expect(sync.revision).toBe(0); // what was only said is in no revision
    server.said++; // somebody else's
    await sync.push(1, say("review"));
    await sync.settled();
    expect(sync.heard(1, 3)).toBe(false);
    sync.hear(1, 3);
    expect(sync.heard(1, 3)).toBe(true);
  });

  it("says what an earlier page left as fields", async () => {
    const sent: Gesture[] = [];
    const real = server.apply.bind(server);
    server.apply = async (image, operations) => (sent.push(...operations), real(image, operations));
    const left = [{ state: "labelled" }, { state: null }, { rejected: "a-run", other: 1 }];
    for (const [place, fields] of left.entries()) await shelf.put({ place, image: 1, gesture: { ...put(5, ""), put: [], fields } });
    const page = new Sync(server, shelf, () => undefined, 5);
    await page.begin();
    await page.settled();
    expect(sent.map(({ workflow, fields }) => [workflow, fields])).toEqual([
      [{ state: "labelled" }, {}], [{ state: "open" }, {}], [{ suggestion: { run: "a-run", state: "rejected" } }, { other: 1 }],
    ]);
    expect(await shelf.all()).toEqual([]);
  });

  it("leaves a field that this page sent what it is, also one that is called state", async () => {
    const sent: Gesture[] = [];
    server.apply = async (_, operations) => (sent.push(...operations), operations.map(({ id }) => ({ id, revision: 11, again: false, stale: [], workflow: 0, before: 0 })));
    await shelf.put({ place: 1, image: 1, gesture: { ...put(5, ""), put: [], fields: { state: "new", rejected: "no" }, workflow: {} } });
    const page = new Sync(server, shelf, () => undefined, 5);
    await page.begin();
    await page.settled();
    expect(sent.map(({ workflow, fields }) => [workflow, fields])).toEqual([[{}, { state: "new", rejected: "no" }]]);
  });

  it("keeps values of the image when objects are given up", async () => {
    server.objects.set(5, { revision: 11, counts: "theirs" });
    sync.knows(1, 5, 10);
    const sent: Gesture[] = [];
    const real = server.apply.bind(server);
    server.apply = async (image, operations) => (sent.push(...operations), real(image, operations));
    await sync.push(1, put(5, "mine"));
    await sync.push(1, { ...put(5, ""), put: [], fields: { grade: "poor" } });
    await wait();
    expect(sync.state).toBe("conflict");
    await sync.resolve("theirs", new Map([[5, 11]]));
    await sync.settled();
    expect(sent.at(-1)!.fields).toEqual({ grade: "poor" });
    expect(server.objects.get(5)!.counts).toBe("theirs");
  });

  it.each([
    ["a value", (): Gesture => ({ ...put(5, ""), put: [], fields: { grade: "poor" } })],
    ["an object", (): Gesture => put(5, "mine")],
  ])("reads again after %s of its own only where somebody else was there in between", async (_name, value) => {
    server.apply = async (_, operations) => {
      const before = server.revision;
      return [{ id: operations[0].id, revision: ++server.revision, again: false, stale: [], workflow: 0, before }];
    };
    sync.read = 10;
    await sync.push(1, value());
    await sync.push(1, value());
    await sync.settled();
    expect([server.revision, sync.newer(12)]).toEqual([12, false]);
    server.revision++; // somebody else's
    await sync.push(1, value());
    await sync.settled();
    expect(sync.newer(14)).toBe(true);
  });

  it("keeps what is said when the objects are given up", async () => {
    server.objects.set(5, { revision: 11, counts: "theirs" });
    sync.knows(1, 5, 10);
    await sync.push(1, { ...put(5, "mine"), workflow: { state: "labelled" } });
    await wait();
    expect(sync.state).toBe("conflict");
    await sync.resolve("theirs", new Map([[5, 11]]));
    await sync.settled();
    expect([server.said, server.objects.get(5)!.counts]).toEqual([1, "theirs"]);
  });

  it("can delete and bring back its own object", async () => {
    await sync.push(1, put(5, "a"));
    await sync.push(1, { ...put(5, ""), put: [], remove: [5] });
    await sync.push(1, put(5, "a"));
    await sync.settled();
    expect(sync.state).toBe("saved");
    expect(server.objects.get(5)!.counts).toBe("a");
  });

  it("sets aside what the server refuses, goes on with the rest, and sends it again when asked", async () => {
    let mended = false;
    const real = server.apply.bind(server);
    server.apply = async (image, operations) => {
      if (operations[0].kind === "wrong" && !mended) throw new Refused(400, "no such class");
      return real(image, operations);
    };
    const wrong = { ...put(5, "a"), kind: "wrong" };
    await sync.push(1, wrong);
    await sync.push(1, put(6, "b"));
    await sync.settled();
    await wait();
    expect([sync.state, sync.waiting, [...server.objects.keys()]]).toEqual(["saved", 0, [6]]);
    expect(sync.parked.map(({ refused, gesture }) => [refused, gesture.id])).toEqual([["no such class", wrong.id]]);
    const page = new Sync(server, shelf, () => undefined, 5); // also through a new page
    await page.begin();
    expect(page.parked.length).toBe(1);
    await page.retry(wrong.id);
    expect(page.parked.length).toBe(1); // it is still wrong
    mended = true;
    await page.retry(wrong.id);
    await page.settled();
    expect([page.parked, server.objects.get(5)!.counts, await shelf.all()]).toEqual([[], "a", []]);
  });

  it("gives up what was set aside", async () => {
    server.apply = async () => {
      throw new Refused(422, "too long");
    };
    const wrong = put(5, "a");
    await sync.push(1, wrong);
    await wait();
    await sync.drop(wrong.id);
    expect([sync.parked, await shelf.all(), sync.state]).toEqual([[], [], "saved"]);
  });

  it.each([429, 503, 502, 408])("waits after %i and sends the same again", async (status) => {
    const real = server.apply.bind(server);
    let refusals = 3;
    server.apply = async (image, operations) => {
      if (refusals-- > 0) throw new Refused(status, "later");
      return real(image, operations);
    };
    await sync.push(1, put(5, "a"));
    await sync.push(1, put(6, "b"));
    for (let k = 0; k < 40 && sync.waiting; k++) await wait();
    expect([sync.state, sync.parked, [...server.objects.keys()]]).toEqual(["saved", [], [5, 6]]);
  });

  it("sets aside what makes the server fail again and again", async () => {
    const real = server.apply.bind(server);
    server.apply = async (image, operations) => {
      if (operations[0].put![0].id === 5) throw new Refused(500, "it broke");
      return real(image, operations);
    };
    await sync.push(1, put(5, "a"));
    await sync.push(1, put(6, "b"));
    for (let k = 0; k < 40 && sync.waiting; k++) await wait();
    expect([sync.parked.length, [...server.objects.keys()]]).toEqual([1, [6]]);
  });

  it("says when the studio lets it in no more, and goes on when it does", async () => {
    const real = server.apply.bind(server);
    server.apply = async () => {
      throw new Refused(401, "open the link");
    };
    await sync.push(1, put(5, "a"));
    await wait();
    expect(sync.state).toBe("locked");
    server.apply = real;
    for (let k = 0; k < 40 && sync.waiting; k++) await wait();
    expect([sync.state, server.objects.get(5)!.counts]).toEqual(["saved", "a"]);
  });
});
