/** Gestures kept in the browser until the server has written them durably. */

import type { Gesture } from "../api/client";

/** Everybody's labels of an image, or this person's own ones. */
export type Layer = "shared" | "own";

export interface Pending {
  place: number;
  image: number;
  layer?: Layer;
  gesture: Gesture;
}

/** Where they are kept: the browser's database, or memory where there is none. */
export interface Shelf {
  all(): Promise<Pending[]>;
  put(pending: Pending): Promise<void>;
  remove(place: number): Promise<void>;
}

export class MemoryShelf implements Shelf {
  private held = new Map<number, Pending>();

  async all(): Promise<Pending[]> {
    return [...this.held.values()].sort((a, b) => a.place - b.place);
  }

  async put(pending: Pending): Promise<void> {
    this.held.set(pending.place, pending);
  }

  async remove(place: number): Promise<void> {
    this.held.delete(place);
  }
}

export async function openShelf(name: string): Promise<Shelf> {
  try {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`maskwright ${name}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("pending", { keyPath: "place" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const run = <T>(mode: IDBTransactionMode, what: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction("pending", mode, { durability: "strict" });
        const request = what(transaction.objectStore("pending"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    return {
      all: () => run<Pending[]>("readonly", (store) => store.getAll()),
      put: async (pending) => void (await run("readwrite", (store) => store.put(pending))),
      remove: async (place) => void (await run("readwrite", (store) => store.delete(place))),
    };
  } catch {
    return new MemoryShelf();
  }
}
