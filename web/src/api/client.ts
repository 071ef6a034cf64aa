/** The server's address book; types come from its own schema. */

import { signal } from "@preact/signals";
import { words } from "../strings";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Project = Schemas["Project"];
export type ImageInfo = Schemas["ImageInfo"];
export type ClassInfo = Schemas["ClassInfo"];
export type ColumnInfo = Schemas["ColumnInfo"];
export type WireSegment = Schemas["SegmentInfo"];
export type ImageSegments = Schemas["ImageSegments"];
export type CommentInfo = Schemas["CommentInfo"];
export type Said = Schemas["Said"];
export type Gesture = Schemas["Gesture"];
export type Answered = Schemas["Answered"];
export type Question = Schemas["Question"];
export type Masked = Schemas["Masked"];
export type Job = Schemas["Job"];
export type FirstMasks = Schemas["FirstMasks"];
export type SourceInfo = Schemas["SourceInfo"];
export type Suggesting = Schemas["Suggesting"];
export type Imported = Schemas["Imported"];
export type Others = Schemas["Others"];
export type ClassUse = Schemas["ClassUse"];
export type Work = Schemas["Work"];
export type LossInfo = Schemas["LossInfo"];
export type LossReport = Schemas["LossReport"];
export type WindowInfo = Required<Schemas["WindowInfo"]>;
export type DatasetWindow = Omit<Schemas["DatasetWindow"], "window"> & { window: WindowInfo | null };
export type ImageDescription = Schemas["ImageDescription"];
export type ImageNumbers = Schemas["ImageNumbers"];
export type Setup = Schemas["Setup"];
export type SetupDone = Schemas["SetupDone"];
export type Task = NonNullable<SetupDone["task"]>;
export type SequenceInfo = Schemas["SequenceInfo"];
export type PixelValues = Schemas["PixelValues"];
export type Explorable = Schemas["Explorable"];
export type Ask = Schemas["AskableInfo"];
export type SampleRow = Schemas["Row"];
export type Bars = Required<Schemas["Bars"]>;
export type Region = Required<Schemas["Drawn"]>;
export type ObjectsAsked = Required<Schemas["ObjectsAsked"]>;
export type ObjectRow = Schemas["ObjectRow"];
export type Plotted = Schemas["Points"];
export type Chart = Required<Schemas["Chart"]>;
export type Changing = Schemas["Changing"];
export type ChangingObjects = Schemas["ChangingObjects"];
export type ObjectChanges = Schemas["ObjectChanges"];
export type ObjectJudged = Schemas["ObjectJudged"];
export type RunRow = Schemas["RunRow"];
export type ObjectCurves = Schemas["ObjectCurves"];
export type Confusion = Schemas["Confusion"];
export type RunDetails = Schemas["RunDetails"];
export type Wished = Required<Schemas["Wished"]>;
export type PlannedTraining = Schemas["PlannedTraining"];
export type Trainable = Schemas["Trainable"];
export type RevisionInfo = Schemas["RevisionInfo"];
export type Differences = Schemas["Differences"];
export type Changes = Schemas["Changes"];

/** Samples that conditions leave: their numbers in order, how many there are in all, and the revision that was asked. */
export interface Choice {
  numbers: Int32Array;
  total: number;
  revision: number;
  /** Words that samples are put together by, in order, and how many have each; none where nothing puts them together. */
  groups: { word: string | null; count: number }[];
}

/** Points of a plot, and what is said of all of them. */
export interface PointCloud {
  points: number;
  all: number;
  missing: number;
  words: string[];
  /** Ranges of all points; null without any. */
  x: [number, number] | null;
  y: [number, number] | null;
  across: Float32Array;
  up: Float32Array;
  /** 1 of those that are left. */
  chosen: Uint8Array;
  /** Of each its place in words, 254 for other words and 255 for none; null without colours. */
  places: Uint8Array | null;
}

export type MapInfo = Schemas["MapInfo"];
export type Neighbour = Schemas["Neighbour"];

/** A map's points: places from -1 to 1, the samples' numbers, and the segments' ids where it is of segments. */
export interface Points {
  x: Float32Array;
  y: Float32Array;
  samples: Int32Array;
  segments: Float64Array | null;
  revision: number;
}

/** Answers to who is not let in: the studio was begun anew with another link, or reached by another name. */
export const NOT_LET_IN = [401, 403];

/** Did the last request come to no server? */
export const unreachable = signal(false);

/** A request came to no server, or no answer came back. */
export class Unreachable extends Error {
  constructor() {
    super(words.unreachable);
  }
}

/** As `fetch`, but what goes wrong on the way is a sentence. A request that was given up says so as ever. */
async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    const answer = await fetch(path, init);
    unreachable.value = false;
    return answer;
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    unreachable.value = true;
    throw new Unreachable();
  }
}

/** The server understood, and said no. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

async function call<T>(method: string, path: string, body?: unknown, abort?: AbortSignal): Promise<T> {
  const init = sent(method, body);
  if (abort) init.signal = abort;
  const answer = await heard(await reached(`/api/${path}`, init));
  return (await answer.json()) as T;
}

function sent(method: string, body?: unknown): RequestInit {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined || method !== "GET") {
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body ?? {});
  }
  return init;
}

/** Does the studio let this page in no more? */
export const shutOut = signal(false);

/** The answer, where it is one. Throws what is refused. */
async function heard(answer: Response): Promise<Response> {
  shutOut.value = NOT_LET_IN.includes(answer.status);
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** Gives an answer's bytes to the person, as a file. */
async function saved(answer: Response, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function bitmap(path: string): Promise<ImageBitmap> {
  const answer = await heard(await reached(`/api/${path}`, { credentials: "same-origin" }));
  return createImageBitmap(await answer.blob());
}

async function choice(where: string[], regions: Region[], group: string | null, abort?: AbortSignal): Promise<Choice> {
  const answer = await heard(await reached("/api/explore/choose", { ...sent("POST", { where, regions, group }), ...(abort && { signal: abort }) }));
  const header = (name: string) => Number(answer.headers.get(name));
  const groups = (JSON.parse(answer.headers.get("x-groups") ?? "[]") as [string | null, number][]).map(([word, count]) => ({ word, count }));
  return { numbers: new Int32Array(await answer.arrayBuffer()), total: header("x-total"), revision: header("x-revision"), groups };
}

async function objectsOf(asked: ObjectsAsked, abort?: AbortSignal): Promise<{ pairs: Int32Array; total: number }> {
  const answer = await heard(await reached("/api/explore/objects", { ...sent("POST", asked), ...(abort && { signal: abort }) }));
  return { pairs: new Int32Array(await answer.arrayBuffer()), total: Number(answer.headers.get("x-total")) };
}

/** As `_packed` of the server's route writes them. */
async function points(plot: Plotted, abort?: AbortSignal): Promise<PointCloud> {
  const answer = await heard(await reached("/api/explore/points", { ...sent("POST", plot), ...(abort && { signal: abort }) }));
  const bytes = await answer.arrayBuffer();
  const long = new DataView(bytes).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, long))) as Omit<PointCloud, "across" | "up" | "chosen" | "places">;
  const [begin, number] = [4 + long, said.points];
  const bits = new Uint8Array(bytes, begin + 8 * number, Math.ceil(number / 8));
  const places = new Uint8Array(bytes, bits.byteOffset + bits.byteLength);
  return {
    ...said, across: new Float32Array(bytes, begin, number), up: new Float32Array(bytes, begin + 4 * number, number),
    chosen: Uint8Array.from({ length: number }, (_, k) => (bits[k >> 3] >> (k & 7)) & 1), places: plot.colour ? places : null,
  };
}

async function mapPoints({ name, owner }: MapInfo): Promise<Points> {
  const answer = await heard(await reached("/api/maps/points", sent("POST", { name, owner })));
  const number = Number(answer.headers.get("x-number"));
  const body = await answer.arrayBuffer();
  const segments = owner === "segment" ? new Float64Array(body, Math.ceil((12 * number) / 8) * 8, number) : null;
  return { x: new Float32Array(body, 0, number), y: new Float32Array(body, 4 * number, number), samples: new Int32Array(body, 8 * number, number), segments, revision: Number(answer.headers.get("x-revision")) };
}

async function pointValues({ name, owner }: MapInfo, revision: number, expression: string, of: "sample" | "segment"): Promise<{ words: string[] | null; values: Float32Array }> {
  const body = await (await heard(await reached("/api/maps/values", sent("POST", { name, owner, revision, expression, of })))).arrayBuffer();
  const length = new DataView(body).getUint32(0, true);
  const { words: found } = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length))) as { words: string[] | null };
  return { words: found, values: new Float32Array(body, 4 + length) };
}

/** What the server says, as a sentence. */
async function refusal(answer: Response): Promise<Refused> {
  const text = await answer.text();
  let said = text;
  try {
    const detail: unknown = JSON.parse(text).detail;
    if (typeof detail === "string") said = detail;
  } catch {
    // not JSON: it is said as it is
  }
  return new Refused(answer.status, said);
}

export const api = {
  project: () => call<Project>("GET", "project"),
  columns: () => call<ColumnInfo[]>("GET", "columns"),
  /** layer `own`: this person's labels of their own, or those that `of` has finished. */
  objects: (number: number, what: { at?: number; layer?: "shared" | "own"; of?: string } = {}) => {
    const given = Object.entries(what).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]);
    return call<ImageSegments>("GET", `images/${number}/objects?${new URLSearchParams(given)}`);
  },
  /** look: the part of the address that says how it is displayed; see `model/window`. */
  pixels: (number: number, look = "") => bitmap(`images/${number}/pixels${look && `?${look}`}`),
  tile: (number: number, level: number, column: number, row: number, look = "") =>
    bitmap(`images/${number}/tiles/${level}/${column}/${row}${look && `?${look}`}`),
  description: (number: number) => call<ImageDescription>("GET", `images/${number}/description`),
  numbers: (number: number, channels: number[]) => call<ImageNumbers>("GET", `images/${number}/numbers?channels=${channels.join()}`),
  values: (number: number, x: number, y: number) => call<PixelValues>("GET", `images/${number}/values?x=${x}&y=${y}`),
  window: () => call<DatasetWindow>("GET", "window"),
  /** null: measured on all images. */
  setWindow: (window: WindowInfo | null) => call<DatasetWindow>("PUT", "window", { window }),
  measuredWindow: (channels: number[]) => call<WindowInfo>("GET", `window/measured?channels=${channels.join()}`),
  suggestion: (number: number) => call<ImageSegments>("GET", `images/${number}/suggestion`),
  history: (number: number) =>
    call<{ revision: number; kind: string; author: string; created: string }[]>("GET", `images/${number}/history`),
  apply: (number: number, operations: Gesture[], layer: "shared" | "own" = "shared") =>
    call<Answered[]>("POST", `images/${number}/operations?layer=${layer}`, { operations }),
  ask: (number: number, question: Question, abort?: AbortSignal) =>
    call<Masked>("POST", `images/${number}/ask`, question, abort),
  prepare: (number: number, question: Question) => call<unknown>("POST", `images/${number}/prepare`, question),
  present: (number: number, tab: string) => call<Others>("POST", `images/${number}/present`, { tab }),
  /** The page closes; nothing waits for the answer. */
  gone: (number: number, tab: string) =>
    void fetch(`/api/images/${number}/present`, { ...sent("POST", { tab, gone: true }), keepalive: true }).catch(() => undefined),
  propagate: (engine: string) => call<Job>("POST", "propagate", { engine }),
  follow: (engine: string, direction: string) => call<Job>("POST", "follow", { engine, direction }),
  firstMasks: () => call<FirstMasks>("GET", "first-masks"),
  suggest: (wishes: Partial<Suggesting> & { source: Suggesting["source"] }) => call<Job>("POST", "first-masks", wishes),
  newestJob: () => call<Job | null>("GET", "jobs"),
  /** objects: ids of those that are followed; null follows all of the frame. */
  followOn: (number: number, what: { engine: string; direction: "forward" | "backward"; objects: number[] | null }) =>
    call<Job>("POST", `images/${number}/follow`, what),
  job: (id: string) => call<Job>("GET", `jobs/${id}`),
  cancel: (id: string) => call<Job>("POST", `jobs/${id}/cancel`),
  /** seen: as they were when this was wished; refused with 409 where they are not that any more. */
  classes: (classes: ClassInfo[], seen: ClassInfo[]) => call<ClassInfo[]>("PUT", "classes", { classes, seen }),
  classUse: () => call<ClassUse[]>("GET", "classes/use"),
  /** id: by which it is done once, and can be taken back. */
  mergeClass: (source: number, target: number, id: string) => call<ClassInfo[]>("POST", "classes/merge", { source, target, id }),
  /** merging: the id of what is taken back. */
  takeBackMerging: (merging: string, id: string) => call<Schemas["MergingTakenBack"]>("POST", "classes/merge/undo", { merging, id }),
  work: () => call<Work>("GET", "work"),
  assign: (name: string | null, what: { count?: number; numbers?: number[] }) =>
    call<number[]>("POST", "assign", { name, ...what }),
  /** data: bytes in base 64. */
  take: ([first, ...beside]: readonly Schemas["SentFile"][], write: boolean) => call<Imported>("POST", "import", { ...first, beside, write }),
  setUp: (setup: Setup) => call<SetupDone>("PUT", "setup", setup),
  /** data: an image's bytes in base 64. */
  addImage: (data: string) => call<{ name: string }>("POST", "instructions/images", { data }),
  look: () => call<{ images: number; notes: string[] }>("POST", "look"),
  explorable: () => call<Explorable>("GET", "explore"),
  /** What an expression of conditions is, as a column. */
  column: (expression: string) => call<Ask>("POST", "explore/column", { expression }),
  /** where: conditions, each of what the one before leaves. */
  choose: choice,
  rows: (numbers: number[], columns: string[]) => call<SampleRow[]>("POST", "explore/rows", { numbers, columns }),
  charts: (where: string[], regions: Region[], charts: Chart[], abort?: AbortSignal) => call<Bars[]>("POST", "explore/charts", { where, regions, charts }, abort),
  points,
  objectsOf,
  objectRows: (objects: [number: number, object: number][], columns: string[]) => call<ObjectRow[]>("POST", "explore/object-rows", { objects, columns }),
  saveTable: async (asked: Schemas["TableAsked"], form: "csv" | "parquet") => saved(await heard(await reached(`/api/explore/table.${form}`, sent("POST", asked))), `${asked.of}.${form}`),
  change: (what: Changing) => call<Changes>("POST", "explore/change", what),
  changeObjects: (what: ChangingObjects) => call<ObjectChanges>("POST", "explore/change-objects", what),
  saveView: (name: string, where: string[]) => call<Explorable["views"]>("PUT", "explore/views", { name, where }),
  dropView: (name: string) => call<Explorable["views"]>("DELETE", `explore/views/${encodeURIComponent(name)}`),
  maps: () => call<MapInfo[]>("GET", "maps"),
  mapPoints,
  /** What the points say at the revision that they are of, in their order. */
  pointValues,
  nearest: (name: string, sample: number, segment: number | null) => call<Neighbour[]>("POST", "maps/nearest", { name, sample, segment }),
  chosenOnMap: (numbers: number[]) => call<{ where: string }>("POST", "maps/chosen", { numbers }),
  runs: () => call<RunRow[]>("GET", "runs"),
  run: (id: string) => call<RunDetails>("GET", `runs/${encodeURIComponent(id)}`),
  sayOfRun: (id: string, said: Schemas["RunSaid"]) => call<RunDetails>("PUT", `runs/${encodeURIComponent(id)}`, said),
  runImages: (id: string) => call<Schemas["RunImage"][]>("GET", `runs/${encodeURIComponent(id)}/images`),
  layers: (id: string) => call<Record<string, Schemas["Distribution"][]>>("GET", `runs/${encodeURIComponent(id)}/histograms`),
  judged: (number: number, run: string) => call<ObjectJudged[]>("GET", `images/${number}/judged?${new URLSearchParams({ run })}`),
  confusion: (id: string) => call<Confusion | null>("GET", `runs/${encodeURIComponent(id)}/confusion`),
  objectCurves: (id: string) => call<ObjectCurves | null>("GET", `runs/${encodeURIComponent(id)}/objects`),
  /** Counts again where one class is taken for another, and keeps that as values of the run. */
  confused: (id: string, cell: Schemas["Cell"]) => call<Schemas["CellSamples"]>("POST", `runs/${encodeURIComponent(id)}/confused`, cell),
  trainable: () => call<Trainable>("GET", "trainings"),
  planTraining: (wished: Wished) => call<PlannedTraining>("POST", "trainings/plan", wished),
  train: (wished: Wished) => call<Schemas["Begun"]>("POST", "trainings", wished),
  forgetTraining: (name: string) => call<Schemas["Begun"]>("DELETE", `trainings/${encodeURIComponent(name)}`),
  stopRun: (id: string) => call<Schemas["Begun"]>("POST", `runs/${encodeURIComponent(id)}/stop`),
  resumeRun: (id: string, longer: Schemas["Longer"]) => call<Schemas["Begun"]>("POST", `runs/${encodeURIComponent(id)}/resume`, longer),
  printed: (id: string) => call<string[]>("GET", `runs/${encodeURIComponent(id)}/printed`),
  /** A hundred revisions, those before one. */
  revisions: (before?: number) => call<RevisionInfo[]>("GET", `history${before === undefined ? "" : `?before=${before}`}`),
  differences: (old: number, now: number) => call<Differences>("GET", `history/differences?old=${old}&new=${now}`),
  tag: (revision: number, name: string) => call<Record<string, number>>("POST", "history/tags", { revision, name }),
  restore: (revision: number) => call<RevisionInfo>("POST", "history/restore", { revision }),
  losses: (format: string) => call<LossReport>("GET", `export/${format}`),
};
