/** What the map shows: which map, by what its points are coloured, the outline that was drawn, and the point that was pressed. The address holds it. */

import { computed, effect, signal } from "@preact/signals";
import { address, toPage } from "../../address";
import { api, type Ask, type MapInfo, type Neighbour, type Points } from "../../api/client";
import { type Place, thinned, within } from "../../model/plane";
import { message, project } from "../../store/project";
import { words } from "../../strings";
import { type Colouring, coloured, plain } from "./colouring";

export const NONE: Points = { x: new Float32Array(), y: new Float32Array(), samples: new Int32Array(), segments: null, revision: 0 };

export const maps = signal<readonly MapInfo[] | null>(null);
export const asks = signal<readonly Ask[]>([]);
/** "OWNER NAME" of a map; the first when it is empty. */
export const wanted = signal("");
/** "OWNER EXPRESSION"; nothing: all of one colour. */
export const by = signal("");
export const outline = signal<readonly Place[]>([]);
/** A sample's number, and a segment's id where the map is of segments. */
export const pressed = signal<{ sample: number; segment: number | null } | null>(null);
export const mode = signal<"move" | "lasso">("move");

export const points = signal<Points>(NONE);
export const colouring = signal<Colouring>(plain(0));
export const neighbours = signal<readonly Neighbour[]>([]);
export const busy = signal(false);

export const nameOf = (map: MapInfo): string => `${map.owner} ${map.name}`;
export const idOf = (ask: Ask): string => `${ask.column.owner} ${ask.expression}`;
const split = (id: string) => [id.slice(0, id.indexOf(" ")), id.slice(id.indexOf(" ") + 1)] as const;

export const shown = computed(() => maps.value?.find((map) => nameOf(map) === wanted.value) ?? (wanted.value ? null : (maps.value?.[0] ?? null)));
/** By what the points of this map can be coloured. */
export const askable = computed(() => asks.value.filter((ask) => ask.column.owner === "sample" || shown.value?.owner === "segment"));
/** Points within the outline, and how many images they are of. */
export const chosen = computed(() => within(points.value.x, points.value.y, outline.value));
export const images = computed(() => new Set(Array.from(chosen.value, (point) => points.value.samples[point])));
export const place = computed(() => (pressed.value ? placeOf(pressed.value.sample, pressed.value.segment) : -1));
export const around = computed(() => neighbours.value.map((found) => placeOf(found.number, found.segment)).filter((point) => point >= 0));

/** Where a sample or segment is among the points; -1 where it is not. */
function placeOf(sample: number, segment: number | null): number {
  const { samples, segments } = points.value;
  for (let at = samples.indexOf(sample); at >= 0; at = samples.indexOf(sample, at + 1)) {
    if (!segments || segments[at] === segment) return at;
    if (at + 1 === samples.length) break;
  }
  return -1;
}

export const press = (point: number): void => {
  const { samples, segments } = points.peek();
  pressed.value = point < 0 ? null : { sample: samples[point], segment: segments ? segments[point] : null };
};
export const draw = (places: readonly Place[]): void => void (outline.value = thinned(places));

// -- the address ------------------------------------------------------------------------------------------

const query = computed(() => {
  const out = new URLSearchParams();
  if (wanted.value) out.set("map", wanted.value);
  if (by.value) out.set("by", by.value);
  if (outline.value.length) out.set("in", outline.value.flat().join(","));
  if (pressed.value) out.set("at", [pressed.value.sample, ...(pressed.value.segment === null ? [] : [pressed.value.segment])].join("."));
  return out.toString();
});

function take(text: string): void {
  const given = new URLSearchParams(text);
  wanted.value = given.get("map") ?? "";
  by.value = given.get("by") ?? "";
  const numbers = (given.get("in") ?? "").split(",").map(Number);
  outline.value = numbers.length >= 6 && numbers.every(Number.isFinite) ? Array.from({ length: numbers.length >> 1 }, (_, k) => [numbers[2 * k], numbers[2 * k + 1]] as const) : [];
  const [sample, segment] = (given.get("at") ?? "").split(".").map(Number);
  pressed.value = sample > 0 ? { sample, segment: segment ?? null } : null;
}

/** Show what the address says, and follow both from now on. What is given back ends it. */
export function follow(): () => void {
  // Back from another page without saying what is wanted: as it was.
  if (address.peek().query || !query.peek()) take(address.peek().query);
  const ends = [
    effect(() => {
      const text = query.value;
      if (address.peek().page === "map" && address.peek().query !== text) toPage("map", text, true);
    }),
    effect(() => {
      const { page, query: text } = address.value;
      if (page === "map" && text !== query.peek()) take(text);
    }),
    effect(() => void load(shown.value)),
    effect(() => void colour(points.value, by.value)),
    effect(() => void find(shown.value, pressed.value)),
  ];
  void look();
  return () => ends.forEach((end) => end());
}

const told = (error: unknown): void => void (message.value = (error as Error).message);

async function look(): Promise<void> {
  try {
    [maps.value, asks.value] = await Promise.all([api.maps(), api.explorable().then((found) => found.asks)]);
  } catch (error) {
    told(error);
  }
}

/** Another map: its outline and pressed point mean nothing on this one. */
export function change(id: string): void {
  [wanted.value, outline.value, pressed.value] = [id, [], null];
}

let loading: MapInfo | null = null;

async function load(map: MapInfo | null): Promise<void> {
  loading = map;
  busy.value = map !== null;
  try {
    const found = map ? await api.mapPoints(map) : NONE;
    if (loading !== map) return;
    colouring.value = plain(found.x.length);
    points.value = found;
  } catch (error) {
    told(error);
  }
  busy.value = false;
}

async function colour(of: Points, id: string): Promise<void> {
  const map = shown.peek();
  if (!map || !of.x.length) return;
  const [owner, expression] = split(id);
  try {
    const found = id ? await api.pointValues(map, of.revision, expression, owner as "sample" | "segment") : null;
    if (of === points.peek() && id === by.peek()) colouring.value = found ? coloured(found, expression === "class" ? classColours() : new Map(), words.map.others) : plain(of.x.length);
  } catch (error) {
    told(error);
  }
}

/** The colours that classes have on images. */
const classColours = () => new Map((project.peek()?.classes ?? []).flatMap(({ name, colour }) => (colour ? [[name, `rgb(${colour.join(", ")})`] as const] : [])));

async function find(map: MapInfo | null, whose: typeof pressed.value): Promise<void> {
  if (!map?.vectors || !whose) return void (neighbours.value = []);
  try {
    const found = await api.nearest(map.vectors, whose.sample, whose.segment);
    if (whose === pressed.peek()) neighbours.value = found;
  } catch (error) {
    neighbours.value = [];
    told(error);
  }
}

/** The images of the points that were drawn around, on the page of all images. */
export async function open(): Promise<void> {
  try {
    const { where } = await api.chosenOnMap([...images.peek()]);
    toPage("explore", new URLSearchParams({ where }).toString());
  } catch (error) {
    told(error);
  }
}
