/** Gestures to the server: in order, one after the other, each until it is acknowledged. */

import { type Answered, type Gesture, NOT_LET_IN, Refused, type Said } from "../api/client";
import type { Layer, Pending, Shelf } from "./pending";

/** locked: the studio was begun anew, and lets this page in no more. */
export type State = "saved" | "saving" | "offline" | "locked" | "conflict";

/** Answers after which the same is sent again a while later. */
const LATER = new Set([408, 425, 429, 502, 503, 504]);
/** Answers that say the server itself failed are waited out so often; then the gesture is set aside. */
const TRIES = 3;
const LONGEST = 15_000; // milliseconds between two tries

export interface Wire {
  apply(image: number, operations: Gesture[], layer: Layer): Promise<Answered[]>;
}

export interface Conflict {
  image: number;
  layer: Layer;
  gesture: Gesture;
  objects: number[];
}

export class Sync {
  state: State = "saved";
  words = "";
  conflict: Conflict | null = null;
  /** The newest revision that this page's own gestures made. */
  revision = 0;
  /** The revision in which the labels that are shown were read. */
  read = 0;
  /** Gestures that the shelf holds for certain. */
  kept = 0;
  /** Gestures that the server does not take; they hold up nothing. */
  parked: Pending[] = [];
  private queue: Pending[] = [];
  /** Gestures so far, by image. */
  private made = new Map<number, number>();
  /** Number of changes of an image's workflow that this page knows. */
  private said = new Map<number, number>();
  /** Revision that this page knows of each object, by image. */
  private seen = new Map<string, number>();
  private next = 1;
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** How often the first that waits has failed. */
  private failed = 0;

  constructor(
    private readonly wire: Wire,
    private readonly shelf: Shelf,
    private readonly changed: () => void,
    private readonly wait = 1000,
  ) {}

  get waiting(): number {
    return this.queue.length;
  }

  /** How many gestures this page has made on an image: what was asked when it were fewer does not know all of them. */
  gestures(image: number): number {
    return this.made.get(image) ?? 0;
  }

  /** The images that gestures wait for, or are on their way to. */
  get images(): number[] {
    return this.queue.map((pending) => pending.image);
  }

  /** What an earlier page left behind goes first. */
  async begin(): Promise<void> {
    const all = (await this.shelf.all()).map(upgraded);
    this.queue = all.filter((pending) => pending.refused === undefined);
    this.parked = all.filter((pending) => pending.refused !== undefined);
    this.kept = all.length;
    this.next = Math.max(Date.now(), ...all.map((pending) => pending.place + 1));
    void this.flush();
    this.changed();
  }

  knows(image: number, object: number, revision: number, layer: Layer = "shared"): void {
    const name = `${layer}/${image}/${object}`;
    if (revision) this.seen.set(name, Math.max(revision, this.seen.get(name) ?? 0));
  }

  /** Is there a revision that this page neither read nor made? */
  newer(revision: number): boolean {
    return revision > Math.max(this.read, this.revision);
  }

  /** An image's workflow was read after so many changes. */
  hear(image: number, number: number): void {
    this.said.set(image, number);
  }

  /** Are these all of the changes of an image's workflow that this page knows? */
  heard(image: number, number: number): boolean {
    return this.said.get(image) === number;
  }

  forget(image: number, layer: Layer = "shared"): void {
    for (const name of [...this.seen.keys()]) if (name.startsWith(`${layer}/${image}/`)) this.seen.delete(name);
  }

  async push(image: number, gesture: Gesture, layer: Layer = "shared"): Promise<void> {
    const pending: Pending = { place: this.next++, image, layer, gesture: { ...gesture, base: this.based(image, layer, gesture) } };
    this.queue.push(pending);
    this.made.set(image, this.gestures(image) + 1);
    this.set(this.state === "saved" ? "saving" : this.state);
    await this.shelf.put(pending);
    this.kept++;
    void this.flush();
  }

  /** On which revisions of its objects a gesture is made. */
  private based(image: number, layer: Layer, gesture: Gesture): Record<string, number> {
    const base: Record<string, number> = {};
    for (const id of touched(gesture)) {
      const revision = this.seen.get(`${layer}/${image}/${id}`);
      if (revision) base[id] = revision;
    }
    return base;
  }

  /** All that waits has been written, or cannot be for now. */
  async settled(image?: number): Promise<void> {
    while (this.queue.some((pending) => image === undefined || pending.image === image)) {
      if (this.state === "conflict" || this.state === "locked" || this.state === "offline") return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async flush(): Promise<void> {
    if (this.running || this.state === "conflict") return;
    this.running = true;
    clearTimeout(this.timer);
    try {
      while (this.queue.length) {
        const first = this.queue[0];
        const { gesture } = first;
        const layer = first.layer ?? "shared";
        const answer = await this.sent(first, layer);
        if (!answer) continue;
        if (answer.stale?.length) {
          this.conflict = { image: first.image, layer, gesture, objects: answer.stale };
          this.set("conflict");
          return;
        }
        // Where somebody else changed the image since it was read, it is still to be read: a later revision of one's own hides nothing.
        const changes = touched(gesture).length || Object.keys(gesture.fields ?? {}).length;
        if (layer === "shared" && changes && !this.newer(answer.before ?? 0)) this.revision = Math.max(this.revision, answer.revision);
        // Where somebody else's change came in between, there is more to hear.
        if (answer.workflow === (this.said.get(first.image) ?? 0) + 1) this.hear(first.image, answer.workflow);
        const now = new Map<number, number | null>();
        for (const segment of gesture.put ?? []) now.set(segment.id, answer.revision);
        for (const id of gesture.remove ?? []) now.set(id, null);
        for (const [id, revision] of now) {
          if (revision === null) this.seen.delete(`${layer}/${first.image}/${id}`);
          else this.seen.set(`${layer}/${first.image}/${id}`, revision);
        }
        this.queue.shift();
        // What waits was made on top of this: it has seen it. Kept before this is let go, so that another page knows too.
        for (const [k, pending] of this.queue.entries()) {
          if (!sameLabels(pending, first) || !touched(pending.gesture).some((id) => now.has(id))) continue;
          this.queue[k] = { ...pending, gesture: rebased(pending.gesture, now) };
          await this.shelf.put(this.queue[k]);
        }
        await this.shelf.remove(gesture.id);
        this.kept--;
        this.set(this.queue.length ? "saving" : "saved");
      }
      this.set("saved");
    } catch (error) {
      this.words = error instanceof Error ? error.message : String(error);
      this.set(error instanceof Refused && NOT_LET_IN.includes(error.status) ? "locked" : "offline");
      this.timer = setTimeout(() => void this.flush(), Math.min(LONGEST, this.wait * 2 ** Math.min(10, this.failed++)));
    } finally {
      this.running = false;
    }
  }

  /** The answer; null where the gesture was refused, and set aside with the reason. Throws where it is to be sent again. */
  private async sent(first: Pending, layer: Layer): Promise<Answered | null> {
    try {
      const [answer] = await this.wire.apply(first.image, [first.gesture], layer);
      this.failed = 0;
      return answer;
    } catch (error) {
      if (!(error instanceof Refused) || NOT_LET_IN.includes(error.status) || LATER.has(error.status)) throw error;
      if (error.status >= 500 && this.failed < TRIES) throw error;
      this.failed = 0;
      const parked = { ...first, refused: error.message };
      await this.shelf.put(parked);
      this.parked.push(parked);
      this.queue.shift();
      this.set(this.queue.length ? "saving" : "saved");
      return null;
    }
  }

  /** Send a gesture again that was set aside, as what is wanted of the objects as they are now. */
  async retry(id: string): Promise<void> {
    const parked = this.parked.find((pending) => pending.gesture.id === id);
    if (!parked) return;
    this.parked = this.parked.filter((pending) => pending !== parked);
    const { refused: _, ...pending } = parked;
    const now = new Map(touched(pending.gesture).map((object) => [object, this.seen.get(`${pending.layer ?? "shared"}/${pending.image}/${object}`) ?? null]));
    this.queue.push({ ...pending, place: this.next++, gesture: rebased(pending.gesture, now, true) });
    this.made.set(pending.image, this.gestures(pending.image) + 1);
    await this.shelf.put(this.queue.at(-1)!);
    this.set("saving");
    await this.flush();
  }

  /** Gestures that wait on the labels that the conflict is about, in order. */
  get contested(): Gesture[] {
    const { conflict } = this;
    return conflict ? this.queue.filter((pending) => sameLabels(pending, conflict)).map(({ gesture }) => gesture) : [];
  }

  /**
   * The person has chosen. now: revisions of the objects as the server has them; absent where they are gone.
   * beside: with `theirs`, a gesture that keeps this page's objects too.
   */
  async resolve(choice: "mine" | "theirs", now: Map<number, number>, beside: Gesture | null = null): Promise<void> {
    const conflict = this.conflict;
    if (!conflict) return;
    const stale = new Set(conflict.objects);
    const theirs = new Map([...stale].map((id) => [id, now.get(id) ?? null] as const));
    for (const [id, revision] of theirs) {
      if (revision === null) this.seen.delete(`${conflict.layer}/${conflict.image}/${id}`);
      else this.seen.set(`${conflict.layer}/${conflict.image}/${id}`, revision);
    }
    const kept: Pending[] = [];
    const { image, layer } = conflict;
    // Kept before anything that it replaces is let go.
    const added: Pending[] = beside ? [{ place: this.next++, image, layer, gesture: { ...beside, base: this.based(image, layer, beside) } }] : [];
    for (const pending of added) {
      await this.shelf.put(pending);
      this.kept++;
    }
    for (const pending of this.queue) {
      const concerned = sameLabels(pending, conflict);
      if (!concerned || choice === "mine") {
        kept.push(concerned ? { ...pending, gesture: rebased(pending.gesture, theirs, true) } : pending);
        continue;
      }
      const gesture = { ...pending.gesture, base: { ...pending.gesture.base } };
      gesture.put = (gesture.put ?? []).filter((segment) => !stale.has(segment.id));
      gesture.remove = (gesture.remove ?? []).filter((id) => !stale.has(id));
      for (const id of stale) delete gesture.base[id];
      const says = Object.values(gesture.workflow ?? {}).some(Boolean) || Object.keys(gesture.fields ?? {}).length;
      if (gesture.put.length || gesture.remove.length || says)
        kept.push({ ...pending, gesture });
      else {
        await this.shelf.remove(pending.gesture.id);
        this.kept--;
      }
    }
    for (const pending of kept) await this.shelf.put(pending);
    this.queue = [...kept, ...added];
    this.conflict = null;
    this.set("saving");
    await this.flush();
  }

  /** Give up a gesture that was set aside. */
  async drop(id: string): Promise<void> {
    if (!this.parked.some((pending) => pending.gesture.id === id)) return;
    this.parked = this.parked.filter((pending) => pending.gesture.id !== id);
    await this.shelf.remove(id);
    this.kept--;
    this.changed();
  }

  private set(state: State): void {
    this.state = state;
    this.changed();
  }
}

function sameLabels(a: { image: number; layer?: Layer }, b: { image: number; layer?: Layer }): boolean {
  return a.image === b.image && (a.layer ?? "shared") === (b.layer ?? "shared");
}

/** What an earlier version of this page left: it said things of an image as fields of it, and told no workflow. */
function upgraded(pending: Pending): Pending {
  if (pending.gesture.workflow !== undefined) return pending;
  const { state, rejected, ...fields } = pending.gesture.fields ?? {};
  if (state === undefined && rejected === undefined) return pending;
  const workflow: Said = {};
  if (state !== undefined) workflow.state = (state ?? "open") as NonNullable<Said["state"]>;
  if (typeof rejected === "string") workflow.suggestion = { run: rejected, state: "rejected" };
  return { ...pending, gesture: { ...pending.gesture, fields, workflow } };
}

function touched(gesture: Gesture): number[] {
  return [...(gesture.put ?? []).map((segment) => segment.id), ...(gesture.remove ?? [])];
}

/** The same on top of these revisions; null for objects that are gone, which are then not removed again if `gone`. */
function rebased(gesture: Gesture, now: ReadonlyMap<number, number | null>, gone = false): Gesture {
  const base = { ...gesture.base };
  for (const id of touched(gesture)) {
    const revision = now.get(id);
    if (revision === null) delete base[id];
    else if (revision !== undefined) base[id] = revision;
  }
  const remove = (gesture.remove ?? []).filter((id) => !(gone && now.get(id) === null));
  return { ...gesture, base, remove };
}
