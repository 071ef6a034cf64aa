/** What has just happened, said where it is not in the way, with a way to take it back. */

import { signal } from "@preact/signals";

/** Somewhere to go from there, or something to do about it. */
export interface Way {
  words: string;
  go: () => void;
}

export interface Toast {
  words: string;
  /** Can it be taken back with one press? */
  undo: boolean;
  ways: readonly Way[];
}

const STAYS = 12_000; // milliseconds

export const toast = signal<Toast | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Say it for a while; with null nothing is said any more. */
export function tell(words: string | null, undo = false, ways: readonly Way[] = []): void {
  clearTimeout(timer);
  toast.value = words === null ? null : { words, undo, ways };
  if (words !== null) timer = setTimeout(() => (toast.value = null), STAYS);
}
