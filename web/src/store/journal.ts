/** What a person did in this browser, in order: kept, so that it can be taken back after a reload, on another image, in another tab. */

import type { Command, Part } from "../model/commands";
import type { WireSegment } from "../api/client";
import type { Layer } from "./pending";
import { fromWire, toWire } from "./wire";

export type KeptChange = { id: number; before: WireSegment | null; after: WireSegment | null; from: number; to: number };
type KeptPart = Omit<Part, "changes"> & { changes: KeptChange[] };
export type Kept = Omit<Command, "changes" | "parts"> & { changes: KeptChange[]; parts?: KeptPart[] };

export interface Entry {
  /** Grows over all tabs; none before it is kept. */
  place?: number;
  /** That of the gesture that told the server. */
  id: string;
  /** The tab that did it, or that took it back. */
  tab: string;
  /** None of a command that concerns all images. */
  image: number | null;
  layer: Layer;
  width: number;
  height: number;
  command: Kept;
  undone: boolean;
}

/** Where entries are kept. `put` gives a new entry its place. */
export interface Ledger {
  all(): Promise<Entry[]>;
  put(entry: Entry): Promise<number>;
  remove(place: number): Promise<void>;
}

export const MOST = 1000; // entries that are kept; the oldest go

/** The last things done first. Of this tab's own nothing is waited for; those of others are read when its own are used up. */
export class Journal {
  private own: Entry[] = [];
  private writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly ledger: Ledger, readonly tab: string) {}

  async begin(): Promise<void> {
    const all = await this.ledger.all();
    this.own = all.filter((entry) => entry.tab === this.tab);
    for (const entry of all.slice(0, Math.max(0, all.length - MOST))) await this.ledger.remove(entry.place!);
  }

  get canUndo(): boolean {
    return this.own.some((entry) => !entry.undone);
  }

  /** What this tab did and did not take back. */
  get standing(): Kept[] {
    return this.own.filter((entry) => !entry.undone).map((entry) => entry.command);
  }

  get canRedo(): boolean {
    return this.own.some((entry) => entry.undone);
  }

  /** Done: what had been taken back cannot be done again. */
  add(entry: Entry): void {
    for (const gone of this.own.filter((other) => other.undone)) this.drop(gone);
    this.own.push(entry);
    this.write(entry);
    if (this.own.length > MOST) this.drop(this.own[0]);
  }

  /** What this tab did last and did not take back. */
  last(): Entry | null {
    return this.own.filter((entry) => !entry.undone).at(-1) ?? null;
  }

  /** What was done last in any tab or earlier page; it is this tab's from here on. */
  async lastOfAll(): Promise<Entry | null> {
    await this.writing;
    const found = (await this.ledger.all()).filter((entry) => !entry.undone).at(-1);
    if (!found) return null;
    found.tab = this.tab;
    this.own.unshift(found);
    this.write(found);
    return found;
  }

  /** What is to be done again next. */
  next(): Entry | null {
    return this.own.find((entry) => entry.undone) ?? null;
  }

  mark(entry: Entry, undone: boolean): void {
    entry.undone = undone;
    this.write(entry);
  }

  /** It cannot be taken back any more, or was never taken by the server. */
  drop(entry: Entry): void {
    this.own = this.own.filter((other) => other !== entry);
    this.queue(async () => {
      if (entry.place !== undefined) await this.ledger.remove(entry.place);
    });
  }

  /** The server took something else than it was told: the command is that; one of which nothing is left goes. An undone one stays. */
  amend(id: string, changes: (was: readonly KeptChange[]) => KeptChange[]): void {
    const entry = this.own.find((other) => other.id === id && !other.undone);
    if (!entry) return;
    entry.command = { ...entry.command, changes: changes(entry.command.changes) };
    const { changes: left, said, fields, remark } = entry.command;
    if (left.length || said || fields || remark) this.write(entry);
    else this.drop(entry);
  }

  /** The command goes on, or is not all of it any more. */
  change(entry: Entry, command: Kept): void {
    entry.command = command;
    this.write(entry);
  }

  forget(id: string): void {
    const entry = this.own.find((other) => other.id === id);
    if (entry) this.drop(entry);
  }

  /** All is kept. */
  settled(): Promise<unknown> {
    return this.writing;
  }

  private write(entry: Entry): void {
    this.queue(async () => {
      if (this.own.includes(entry)) entry.place = await this.ledger.put(entry);
    });
  }

  private queue(what: () => Promise<void>): void {
    // A browser that keeps nothing still takes back what this page did.
    this.writing = this.writing.then(what).catch(() => undefined);
  }
}

export function kept({ parts, ...command }: Command, width: number, height: number): Kept {
  return {
    ...command, changes: keptChanges(command.changes, width, height),
    ...(parts && { parts: parts.map((part) => ({ ...part, changes: keptChanges(part.changes, part.width, part.height) })) }),
  };
}

export function restored({ command: { parts, ...command }, width, height }: Entry): Command {
  return {
    ...command, changes: restoredChanges(command.changes, width, height),
    ...(parts && { parts: parts.map((part) => ({ ...part, changes: restoredChanges(part.changes, part.width, part.height) })) }),
  };
}

function keptChanges(changes: Command["changes"], width: number, height: number): KeptChange[] {
  const wire = (segment: Command["changes"][number]["before"]) => segment && toWire(segment, width, height);
  return changes.map((change) => ({ ...change, before: wire(change.before), after: wire(change.after) }));
}

function restoredChanges(changes: readonly KeptChange[], width: number, height: number): Command["changes"] {
  const segment = (held: WireSegment | null) => held && fromWire(held, width, height);
  return changes.map((change) => ({ ...change, before: segment(change.before), after: segment(change.after) }));
}

export class MemoryLedger implements Ledger {
  private held = new Map<number, Entry>();
  private next = 1;

  async all(): Promise<Entry[]> {
    return [...this.held.values()].sort((a, b) => a.place! - b.place!).map((entry) => ({ ...entry }));
  }

  async put(entry: Entry): Promise<number> {
    const place = entry.place ?? this.next++;
    this.held.set(place, { ...entry, place });
    return place;
  }

  async remove(place: number): Promise<void> {
    this.held.delete(place);
  }
}

export async function openLedger(name: string): Promise<Ledger> {
  try {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`maskwright undo ${name}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("commands", { keyPath: "place", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const run = <T>(mode: IDBTransactionMode, what: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction("commands", mode);
        const request = what(transaction.objectStore("commands"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    return {
      all: () => run<Entry[]>("readonly", (store) => store.getAll()),
      put: async (entry) => Number(await run("readwrite", (store) => store.put(entry))),
      remove: async (place) => void (await run("readwrite", (store) => store.delete(place))),
    };
  } catch {
    return new MemoryLedger();
  }
}

const NAME = "maskwright tab";

/** The name of this tab, which it keeps when it is loaded again. */
export function tabName(): string {
  try {
    const held = sessionStorage.getItem(NAME) ?? crypto.randomUUID();
    sessionStorage.setItem(NAME, held);
    return held;
  } catch {
    return crypto.randomUUID();
  }
}
