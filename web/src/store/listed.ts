/** Images that a page of many was left with, in its order: what pages of one image go through. */

import { signal } from "@preact/signals";

export const listed = signal<Int32Array>(new Int32Array());
