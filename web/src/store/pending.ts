/** Gestures kept in the browser until the server has written them durably. */

import type { Gesture } from "../api/client";

/** Everybody's labels of an image, or this person's own ones. */
export type Layer = "shared" | "own";

/** A gesture that waits, kept by its random id: two pages never write over each other's. */
export interface Pending {
  /** Its place in the order. */
  place: number;
  image: number;
  layer?: Layer;
  gesture: Gesture;
  /** Why the server does not take it, where it does not. */
  refused?: string;
}

/** Where they are kept: the browser's database, or memory where there is none. */
export interface Shelf {
  all(): Promise<Pending[]>;
  put(pending: Pending): Promise<void>;
  remove(id: string): Promise<void>;
}

const inOrder = (a: Pending, b: Pending): number => a.place - b.place;

export class MemoryShelf implements Shelf {
  private held = new Map<string, Pending>();

  async all(): Promise<Pending[]> {
    return [...this.held.values()].sort(inOrder);
  }

  async put(pending: Pending): Promise<void> {
    this.held.set(pending.gesture.id, pending);
  }

  async remove(id: string): Promise<void> {
    this.held.delete(id);
  }
}

export async function openShelf(name: string): Promise<Shelf> {
  try {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`maskwright ${name}`, 2);
      request.onupgradeneeded = ({ oldVersion }) => {
        const gestures = request.result.createObjectStore("gestures", { keyPath: "gesture.id" });
        if (oldVersion !== 1) return;
        // An earlier page kept them by their places.
        const earlier = request.transaction!.objectStore("pending").getAll();
        earlier.onsuccess = () => {
          for (const pending of earlier.result as Pending[]) gestures.put(pending);
          request.result.deleteObjectStore("pending");
        };
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const run = <T>(mode: IDBTransactionMode, what: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction("gestures", mode, { durability: "strict" });
        const request = what(transaction.objectStore("gestures"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    return {
      all: async () => (await run<Pending[]>("readonly", (store) => store.getAll())).sort(inOrder),
      put: async (pending) => void (await run("readwrite", (store) => store.put(pending))),
      remove: async (id) => void (await run("readwrite", (store) => store.delete(id))),
    };
  } catch {
    return new MemoryShelf();
  }
}
