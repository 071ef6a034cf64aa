/** What the explore page shows: a choice of samples, their values, and how often values occur. The address holds it. */

import { computed, effect, signal } from "@preact/signals";
import { address, toPage } from "../../../address";
import { api, type Ask, type Bars, type Chart, type Choice, type Explorable, type Region, type SampleRow } from "../../../api/client";
import { recall, remember } from "../../../store/kept";
import { listed } from "../../../store/listed";
import { conditions, type Filter, read, write } from "../filters";
import { added, addedAsks, describe } from "./added";
import { type Plot, readPlot, regions as ofPlots, writePlot } from "../plots";

export type Mode = "grid" | "table";
export interface Sort {
  expression: string;
  down: boolean;
}
/** What lies over the images. */
export interface Layers {
  truth: boolean;
  /** Whose predictions; none without. */
  run: string | null;
  /** Its labels, or where they differ from the truth. */
  what: "labels" | "errors";
  /** Around each object too. */
  boxes: boolean;
}

const OBJECT_COLUMNS = ["class", "area", "score", "source"];

export const known = signal<Explorable | null>(null);
export const typed = signal("");
export const filters = signal<readonly Filter[]>([]);
export const plots = signal<readonly Plot[]>([]);
export const sort = signal<Sort | null>(null);
/** What puts the grid's images together: an expression of words, or nothing. */
export const group = signal("");
/** Groups of which only the heading is shown. */
export const folded = signal<ReadonlySet<string>>(new Set());
/** What the list is of. */
export const showing = signal<"images" | "objects">("images");
export const mode = signal<Mode>("grid");
/** Columns that a table shows, by their expressions. */
export const columns = signal<readonly string[]>(["split", "num_segments"]);
/** The same of a list of objects. */
export const objectColumns = signal<readonly string[]>(OBJECT_COLUMNS);
export const layers = signal<Layers>({ truth: true, run: null, what: "labels", boxes: false });
/** How wide a cell of the grid is, in pixels. */
export const wide = signal(Number(recall("maskwright explore wide")) || 168);
/** Columns whose bars are shown. */
export const opened = signal<readonly string[]>(JSON.parse(recall("maskwright explore opened") ?? "null") ?? ["sample split", "sample num_segments", "segment class", "segment area"]);

export const chosen = signal<Choice>({ numbers: new Int32Array(), total: 0, revision: 0, groups: [] });
export const bars = signal<ReadonlyMap<string, Bars>>(new Map());
export const rows = signal<ReadonlyMap<number, SampleRow>>(new Map());
export const busy = signal(false);
/** Why the choice is the one before: a condition that cannot be read. */
export const problem = signal("");

/** Images that were picked, by number, and the place of the one that keys move from. */
export const picked = signal<ReadonlySet<number>>(new Set());
export const cursor = signal(0);
/** Where the images were scrolled to, when the page is come back to. */
export const scrolled = { grid: 0, table: 0 };

/** All that can be asked for: columns of the dataset and of runs, and those that were typed in. */
export const asks = computed<Ask[]>(() => [...(known.value?.asks ?? []), ...addedAsks.value]);
export const idOf = (ask: Ask): string => `${ask.column.owner} ${ask.expression}`;
/** Conditions without the order. */
export const where = computed(() => [typed.value, ...conditions(filters.value)].filter((text) => text.trim()));
const drawn = computed(() => JSON.stringify(ofPlots(plots.value)));
/** Drawn on plots. They are others only where a corner is another: a plot's colours ask for no images anew. */
export const regions = computed(() => JSON.parse(drawn.value) as Region[]);
const revision = computed(() => chosen.value.revision);
/** A table has no groups. */
const grouping = computed(() => (mode.value === "grid" && group.value) || null);
const ofObjects = computed(() => new Set(asks.value.filter((ask) => ask.column.owner === "segment").map((ask) => ask.expression)));
/** Objects are sorted by their images' values too, images not by those of their objects. */
export const ordering = computed(() => (sort.value && (showing.value === "objects" || !ofObjects.value.has(sort.value.expression)) ? sort.value : null));
const imageOrder = computed(() => (showing.value === "images" && ordering.value ? `order by ${ordering.value.expression}${ordering.value.down ? " desc" : ""}` : ""));
export const ordered = computed(() => [...where.value, ...(imageOrder.value ? [imageOrder.value] : [])]);

// -- the address ------------------------------------------------------------------------------------------

const query = computed(() => {
  const out = new URLSearchParams();
  if (typed.value) out.set("where", typed.value);
  for (const filter of filters.value) out.append("f", write(filter));
  for (const text of added.value) out.append("v", text);
  for (const plot of plots.value) out.append("p", writePlot(plot));
  if (sort.value) out.set(sort.value.down ? "down" : "up", sort.value.expression);
  if (showing.value !== "images") out.set("of", showing.value);
  if (group.value) out.set("group", group.value);
  if (mode.value !== "grid") out.set("as", mode.value);
  if (columns.value.join() !== "split,num_segments") for (const name of columns.value) out.append("c", name);
  if (objectColumns.value.join() !== OBJECT_COLUMNS.join()) for (const name of objectColumns.value) out.append("o", name);
  if (!layers.value.truth) out.set("truth", "no");
  if (layers.value.run) out.set(layers.value.what, layers.value.run);
  if (layers.value.boxes) out.set("boxes", "yes");
  return out.toString();
});

function take(text: string): void {
  const given = new URLSearchParams(text);
  typed.value = given.get("where") ?? "";
  filters.value = given.getAll("f").map(read).filter((filter) => filter !== null);
  added.value = given.getAll("v");
  plots.value = given.getAll("p").map(readPlot).filter((plot) => plot !== null);
  const [up, down] = [given.get("up"), given.get("down")];
  sort.value = up || down ? { expression: (up || down)!, down: !up } : null;
  showing.value = given.get("of") === "objects" ? "objects" : "images";
  group.value = given.get("group") ?? "";
  mode.value = given.get("as") === "table" ? "table" : "grid";
  columns.value = given.has("c") ? given.getAll("c") : ["split", "num_segments"];
  objectColumns.value = given.has("o") ? given.getAll("o") : OBJECT_COLUMNS;
  const [labels, errors] = [given.get("labels"), given.get("errors")];
  layers.value = { truth: given.get("truth") !== "no", run: labels || errors, what: errors ? "errors" : "labels", boxes: given.get("boxes") === "yes" };
}

/** Show what the address says, and follow both from now on. What is given back ends it. */
export function follow(): () => void {
  // Back from another page without saying what is wanted: as it was.
  if (address.peek().query || !query.peek()) take(address.peek().query);
  const ends = [
    effect(() => {
      const text = query.value;
      if (address.peek().page === "explore" && address.peek().query !== text) toPage("explore", text, true);
    }),
    effect(() => {
      const { page, query: text } = address.value;
      if (page === "explore" && text !== query.peek()) take(text);
    }),
    effect(() => void choose(ordered.value, regions.value, grouping.value)),
    effect(() => void count(where.value, regions.value, opened.value, revision.value)),
    effect(() => void describe(added.value, show)),
    effect(() => {
      const own = addedAsks.value.map(idOf);
      remember("maskwright explore opened", JSON.stringify(opened.value.filter((id) => !own.includes(id))));
    }),
    effect(() => remember("maskwright explore wide", String(wide.value))),
    effect(() => {
      void columns.value;
      rows.value = new Map();
    }),
  ];
  void look();
  return () => ends.forEach((end) => end());
}

/** Open the bars of a column. */
export function show(ask: Ask): void {
  if (!opened.peek().includes(idOf(ask))) opened.value = [...opened.peek(), idOf(ask)];
}

/** Take a column away that was typed in, and all that names it. */
export function remove(ask: Ask): void {
  const { expression } = ask;
  filters.value = filters.value.filter((filter) => filter.expression !== expression);
  columns.value = columns.value.filter((name) => name !== expression);
  objectColumns.value = objectColumns.value.filter((name) => name !== expression);
  opened.value = opened.value.filter((id) => id !== idOf(ask));
  plots.value = plots.value.filter(({ x, y }) => x !== expression && y !== expression);
  if (sort.value?.expression === expression) sort.value = null;
  if (group.value === expression) group.value = "";
  added.value = added.value.filter((text) => text !== ask.title);
}

/** Ask for columns, runs and saved views anew. */
export async function look(): Promise<void> {
  try {
    known.value = await api.explorable();
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

// -- questions: what was asked last counts ----------------------------------------------------------------------

let choosing: AbortController | null = null;

async function choose(wanted: string[], within: Region[], together: string | null): Promise<void> {
  choosing?.abort();
  const mine = (choosing = new AbortController());
  busy.value = true;
  try {
    const found = await api.choose(wanted, within, together, mine.signal);
    if (mine !== choosing) return;
    if (found.revision !== chosen.peek().revision) rows.value = new Map();
    chosen.value = found;
    listed.value = found.numbers;
    cursor.value = Math.min(cursor.peek(), Math.max(0, found.numbers.length - 1));
    const left = new Set(found.numbers);
    picked.value = new Set([...picked.peek()].filter((number) => left.has(number)));
    problem.value = "";
  } catch (error) {
    if ((error as Error).name !== "AbortError" && mine === choosing) problem.value = (error as Error).message;
  } finally {
    if (mine === choosing) busy.value = false;
  }
}

let counting: AbortController | null = null;

async function count(wanted: string[], within: Region[], ids: readonly string[], revision: number): Promise<void> {
  counting?.abort();
  if (!ids.length || !revision) return;
  const mine = (counting = new AbortController());
  const charts = ids.map((id) => ({ owner: id.split(" ", 1)[0], expression: id.slice(id.indexOf(" ") + 1) }) as Chart);
  try {
    const found = await api.charts(wanted, within, charts, mine.signal);
    if (mine === counting) bars.value = new Map(ids.map((id, k) => [id, found[k]]));
  } catch {
    // what is wrong with the condition is said of the choice; what is shown stays
  }
}

/** Ask for everything anew: something was changed. */
export async function again(): Promise<void> {
  await choose(ordered.peek(), regions.peek(), grouping.peek());
  rows.value = new Map();
  await Promise.all([count(where.peek(), regions.peek(), opened.peek(), chosen.peek().revision), look()]);
}

const underway = new Set<number>();

/** Values of the images at these places of the choice, where they are not known yet. */
export async function need(from: number, to: number): Promise<void> {
  const asked = columns.peek();
  const wanted = [...chosen.peek().numbers.subarray(Math.max(0, from), to)].filter((number) => !rows.peek().has(number) && !underway.has(number));
  if (!wanted.length) return;
  wanted.forEach((number) => underway.add(number));
  try {
    const found = await api.rows(wanted, [...asked]);
    if (asked !== columns.peek()) return;
    rows.value = new Map([...rows.peek(), ...found.map((row) => [row.number, row] as const)]);
  } catch (error) {
    problem.value = (error as Error).message;
  } finally {
    wanted.forEach((number) => underway.delete(number));
  }
}

// -- picking ------------------------------------------------------------------------------------------------

/** A press on the image at a place: it alone, one more or less, or all from the last press to it. */
export function pick(place: number, how: "alone" | "more" | "through"): void {
  const { numbers } = chosen.peek();
  const next = new Set(how === "alone" ? [] : picked.peek());
  if (how === "through") {
    const [low, high] = [Math.min(place, cursor.peek()), Math.max(place, cursor.peek())];
    numbers.subarray(low, high + 1).forEach((number) => next.add(number));
  } else if (!next.delete(numbers[place])) next.add(numbers[place]);
  if (how !== "through") cursor.value = place;
  picked.value = next;
}

export const pickAll = (): void => void (picked.value = new Set(chosen.peek().numbers));
export const pickNone = (): void => void (picked.value = new Set());
