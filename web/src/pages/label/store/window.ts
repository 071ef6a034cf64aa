/** How the images are displayed: for everybody, or on this page alone while somebody looks for a better window. */

import { computed, effect, signal } from "@preact/signals";
import { api, type DatasetWindow, type ImageDescription, type ImageNumbers, type PixelValues } from "../../../api/client";
import type { Point } from "../../../model/bits";
import { dragged, query, stretched, type Window } from "../../../model/window";
import { message, project } from "../../../store/project";
import { words } from "../../../strings";
import { current, desk } from "./state";

/** Everybody's. */
export const everybody = signal<DatasetWindow>({ window: null, token: "", deep: false });
/** This page's own, in place of everybody's. */
export const mine = signal<Window | null>(null);
/** What the image that is open is; null until that is known. */
export const description = signal<ImageDescription | null>(null);
export const numbers = signal<ImageNumbers | null>(null);
export const panelOpen = signal(false);
/** The panel was opened with a key, which goes on with keys. */
export const focusWanted = signal(false);
/** Does every drag on the image adjust the window? */
export const levelling = signal(false);
/** The pixel under the pointer. */
export const pixel = signal<{ x: number; y: number; found: PixelValues } | null>(null);

/** Whoever shows the image; set by the file that opens images. */
export const painter = { paint: async (_rough: boolean): Promise<void> => undefined };

/** As many channels as there are, alpha left out. */
export const channelsOf = ({ channels }: ImageDescription): string[] => channels.filter((name) => name !== "alpha");

/** Is the image of a kind that a window matters for? Eight bits and colours can be had as they are. */
export const isDeep = computed(() => description.value !== null && (description.value.dtype !== "uint8" || channelsOf(description.value).length > 3));
/** Eight bits among deeper images: they have no window. */
export const isPlain = computed(() => everybody.value.deep && description.value?.dtype === "uint8");

/** The window that the image is displayed by; null until its numbers are known, where nobody has set one. */
export const seen = computed<Window | null>(() => {
  const held = mine.value ?? everybody.value.window;
  if (held || !numbers.value) return held;
  return { low: [numbers.value.least], high: [numbers.value.greatest], channels: [], origin: "", eight_bits: !everybody.value.deep };
});

/** The part of an image's address that says how it is displayed. Another token is another address: browsers keep images. */
export const lookNow = (): string => query(mine.value) || lookOfAll.value;
export const lookOfAll = computed(() => everybody.value.token && `v=${everybody.value.token}`);

export async function loadWindow(): Promise<void> {
  everybody.value = await api.window();
}

/** Somebody may have set another window for everybody. */
export async function hearWindow(token: string): Promise<void> {
  if (token === everybody.value.token) return;
  await loadWindow();
  if (!mine.value) showWindow();
}

let wanted: { rough: boolean } | null = null;
let painting = false;

/** Is another window on its way to the screen? */
export const isPainting = (): boolean => painting;

/** Display the image anew: one request at a time, and the last window wins. rough: more changes follow. */
export function showWindow(rough = false): void {
  wanted = { rough };
  if (!painting) void paint();
}

async function paint(): Promise<void> {
  painting = true;
  try {
    while (wanted) {
      const { rough } = wanted;
      wanted = null;
      await painter.paint(rough);
    }
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    painting = false;
  }
}

/** An image was opened. */
export function describe(number: number): void {
  description.value = null;
  numbers.value = null;
  pixel.value = null;
  const tell = (error: Error) => (message.value = error.message);
  void api.description(number).then((found) => {
    if (current.value !== number) return;
    description.value = found;
    if (panelOpen.value) void count().catch(tell);
  }, tell);
}

/** Ask for the numbers of the channels that are displayed. */
async function count(): Promise<void> {
  const number = current.value;
  const about = description.value;
  if (number === null || !about) return;
  const channels = seen.value?.channels ?? [];
  const found = await api.numbers(number, Math.max(-1, ...channels) < about.channels.length ? channels : []);
  if (current.value === number) numbers.value = found;
}

const inWords = (work: Promise<void>) => void work.catch((error: Error) => (message.value = error.message));

export function openPanel(open: boolean): void {
  panelOpen.value = open;
  if (open && !numbers.value) inWords(count());
}

export function setLevelling(on: boolean): void {
  levelling.value = on;
  if (desk.board) {
    desk.board.levelling = on;
    desk.board.canvas.classList.toggle("levelling", on);
  }
}

/** Display by this window on this page. rough: more changes follow. */
export function choose(window: Window | null, rough = false): void {
  mine.value = window;
  showWindow(rough);
}

/** As everybody sees it. */
export function resetWindow(): void {
  choose(null);
  if (panelOpen.value) inWords(count());
}

/** Other ends, all channels in proportion. */
export function setEnds(low: number, high: number, rough = false): void {
  if (seen.value && Number.isFinite(low) && Number.isFinite(high) && low < high) choose(stretched(seen.value, low, high), rough);
}

export function usePreset(name: string): void {
  const preset = numbers.value?.presets.find((row) => row.name === name);
  if (preset && seen.value) choose({ ...seen.value, low: [preset.low], high: [preset.high], origin: name });
}

/** Most values of all images, of these channels or of those that are displayed. */
export function useMeasured(channels: number[] = seen.value?.channels ?? []): void {
  inWords(
    (async () => {
      const found = await api.measuredWindow(channels);
      choose(found);
      if (panelOpen.value) await count();
    })(),
  );
}

export function saveForEverybody(): void {
  const window = mine.value;
  if (!window) return;
  inWords(
    (async () => {
      everybody.value = await api.setWindow({ ...window, origin: window.origin || words.setBy(project.value?.me ?? "") });
      mine.value = null;
      showWindow();
    })(),
  );
}

let begun: Window | null = null;

/** What dragging on the image does. */
export const level = {
  begin(): void {
    begun = isPlain.value ? null : seen.value;
    if (!begun && !isPlain.value) inWords(count());
  },
  move(dx: number, dy: number): void {
    begun ??= isPlain.value ? null : seen.value;
    if (begun) choose(dragged(begun, dx, dy), true);
  },
  end(): void {
    if (begun && mine.value) showWindow();
    begun = null;
  },
};

let at: Point | null = null;
let inside = false;
let looking = false;

/** The pointer is over a place of the image, or has left it: tell the pixel's numbers; one request at a time, the last place wins. */
export function look(place: Point | null): void {
  at = place;
  inside = place !== null;
  if (!place) pixel.value = null;
  if (!looking && (isDeep.value || panelOpen.value)) void lookUp();
}

// A pointer that was there before it was known what the image is.
effect(() => {
  if ((isDeep.value || panelOpen.value) && at && !looking) void lookUp();
});

async function lookUp(): Promise<void> {
  looking = true;
  try {
    while (at) {
      const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
      const number = current.value;
      at = null;
      const { width, height } = desk.scene;
      if (number === null || x < 0 || y < 0 || x >= width || y >= height) pixel.value = null;
      else if (pixel.value?.x !== x || pixel.value.y !== y) {
        const found = await api.values(number, x, y);
        if (current.value === number && inside) pixel.value = { x, y, found };
      }
    }
  } catch {
    pixel.value = null; // the image itself tells what is wrong with it
  } finally {
    looking = false;
  }
}
