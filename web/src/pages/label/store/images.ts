/** Which image is open, and what is seen of the others' work on it. */

import { batch, effect } from "@preact/signals";
import { address, ALL, format, goTo, parse } from "../../../address";
import { api, type ImageInfo } from "../../../api/client";
import { Scene } from "../../../model/scene";
import { type ShownImage, TiledImage, WholeImage } from "../../../parts/canvas/image";
import { loadColumns } from "../../../store/columns";
import { Journal, openLedger, tabName } from "../../../store/journal";
import { recall, remember } from "../../../store/kept";
import { type Layer, openShelf } from "../../../store/pending";
import { message, project, reload, sends } from "../../../store/project";
import { Sync } from "../../../store/sync";
import { fromWire, remarks } from "../../../store/wire";
import { words } from "../../../strings";
import { prefetch, taken } from "./ahead";
import { abandon, allKept, nothingAsked } from "./asking";
import { backAgain, type Left, stow, takeUp } from "./drafts";
import { startClock } from "./gestures";
import { FILTERS, following, listed } from "./listing";
import { ghosts, looked, offer, suggestionsOf } from "./offer";
import { tell, toast, type Toast } from "./toast";
import { describe, hearWindow, loadWindow, lookNow, painter, showWindow } from "./window";
import { classId, current, desk, filter, info, layer, others, searched, selected, shown, status, version } from "./state";

const tab = crypto.randomUUID();
const BEAT = 5000; // milliseconds between signs of life

/** The project, and what was made here before and not sent yet. */
async function start(): Promise<void> {
  painter.paint = repaint;
  const [found] = await Promise.all([api.project(), loadColumns(), loadWindow()]);
  project.value = found;
  classId.value = found.classes.find((declared) => declared.role === "class")?.id ?? 1;
  // Two people who share a browser do not send each other's work.
  const sync = new Sync({ apply: api.apply }, await openShelf(`${found.place} ${found.me}`), () => {
    status.value = { state: sync.state, waiting: sync.waiting, words: sync.words, parked: sync.parked.length };
  });
  desk.sync = sync;
  sends(() => sync.images);
  desk.journal = new Journal(await openLedger(`${found.place} ${found.me}`), tabName());
  await Promise.all([sync.begin(), desk.journal.begin()]);
  window.addEventListener("beforeunload", (event) => {
    if (sync.waiting) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    stow();
    if (current.value !== null) api.gone(current.value, tab);
  });
  window.addEventListener("pageshow", (event) => event.persisted && backAgain());
  setInterval(() => void beat(), BEAT);
  effect(() => {
    const over = ghosts.value;
    desk.board?.suggest(over);
  });
  followList(`maskwright place ${found.place} ${found.me}`);
  // The browser's own ways back and forth.
  effect(() => {
    const { page, image } = address.value;
    if (page === "label" && image !== null && current.peek() !== null && image !== current.peek()) void open(image);
  });
}

/** The list's filter and the open image are kept in the address, and under a name in this browser for who comes back without one. */
function followList(name: string): void {
  const bare = format(address.peek()) === "";
  if (bare) address.value = { ...parse(recall(name) ?? ""), page: "label" };
  effect(() => {
    const { page, show, name: part } = address.value;
    if (page !== "label") return;
    batch(() => {
      filter.value = show in FILTERS ? show : ALL;
      searched.value = part;
    });
  });
  effect(() => {
    const [show, part] = [filter.value, searched.value];
    const now = address.peek();
    if (now.page === "label" && (now.show !== show || now.name !== part)) goTo({ ...now, show, name: part }, true);
  });
  effect(() => {
    if (address.value.page === "label" && address.value.image !== null) remember(name, format(address.value));
  });
}

let started: Promise<void> | null = null;

/** Begin, or come back from another page: with the image of the address, the image that was open before, or the first. */
export async function begin(): Promise<void> {
  started ??= start();
  await started;
  const images = project.value?.images ?? [];
  const wanted = address.value.image ?? current.value;
  const first = images.find((image) => image.number === wanted) ?? images[0];
  if (first) await open(first.number);
}

/** Tell that somebody is here; see who else is, and what they have done since. */
export async function beat(): Promise<void> {
  const number = current.value;
  if (number === null || !desk.board) return;
  try {
    const found = await api.present(number, tab);
    others.value = found.people;
    await hearWindow(found.window);
    if (project.value?.known !== found.known) await reload(); // somebody added a class, or came to work here
    if (desk.sync.newer(found.revision) || !desk.sync.heard(number, found.workflow)) await refresh(number, found.revision);
  } catch {
    others.value = [];
  }
}

/** Others' gestures appear while nothing is under way here. */
async function refresh(number: number, revision: number): Promise<void> {
  const { sync, scene, board } = desk;
  const idle = () => current.value === number && layer.value === "shared" && !sync.waiting && !board?.busy;
  if (!idle()) return;
  const made = sync.gestures(number);
  const found = await api.objects(number);
  if (!idle() || made !== sync.gestures(number)) return; // what was done here meanwhile may not be in it
  sync.read = Math.max(revision, found.revision);
  sync.forget(number);
  sync.hear(number, found.workflow?.number ?? 0);
  for (const segment of found.objects) sync.knows(number, segment.id, segment.revision ?? 0);
  scene.comments = remarks(found.workflow?.comments ?? []);
  scene.fields = found.fields ?? {};
  scene.load(found.objects.map((segment) => fromWire(segment, scene.width, scene.height)));
  if (offer.value) {
    // Somebody else may have judged it meanwhile.
    offer.value = null;
    await offerFor(number);
  }
  if (selected.value !== null && !scene.find(selected.value)) selected.value = null;
  version.value++;
  board?.redraw();
  await reload();
}

const tileOf = (number: number, look: string) => (level: number, column: number, row: number) => api.tile(number, level, column, row, look);

function load(image: ImageInfo, look: string): Promise<ShownImage> {
  const { number, width, height } = image;
  if (!image.tiles) return (taken(number, look) ?? api.pixels(number, look)).then((bitmap) => new WholeImage(bitmap));
  return Promise.resolve(new TiledImage(width, height, image.tiles, tileOf(number, look), () => desk.board?.redraw()));
}

/** The image that is open displayed by the window as it is now; what is labelled and the view stay. rough: sooner, and not as exact. */
async function repaint(rough: boolean): Promise<void> {
  const { board } = desk;
  const number = current.value;
  const shownNow = onBoard;
  if (number === null || !board || !shownNow) return;
  const look = lookNow();
  if (shownNow instanceof TiledImage) {
    shownNow.refetch(tileOf(number, look));
    return;
  }
  const bitmap = await api.pixels(number, rough ? `${look}&rough=true` : look);
  if (onBoard !== shownNow || desk.board !== board) return bitmap.close();
  onBoard = new WholeImage(bitmap);
  board.swap(onBoard);
}

/** The image that the board shows. */
let onBoard: ShownImage | null = null;
let opening = 0;

/** What was left unfinished on the way to the image that is being opened. */
let left: Left | null = null;
/** Of which image it is said that something was left there, and how. */
let saidOf: (Left & { toast: Toast | null }) | null = null;

/** The image is about to be no longer open. */
function leave(): void {
  left = stow() ?? left;
  abandon();
}

/** An image is open: go on with what was begun on it, and say where something else was left. */
function settle(): void {
  takeUp();
  if (saidOf && saidOf.image === current.value && saidOf.layer === desk.layer) {
    if (toast.value === saidOf.toast) tell(null);
    saidOf = null;
  }
  const found = left;
  left = null;
  const row = project.value?.images.find((image) => image.number === found?.image);
  if (!found || !row || (found.image === current.value && found.layer === desk.layer)) return;
  const back = async () => {
    await work(found.layer);
    await open(found.image);
  };
  tell(words.draftKept(found.tool, row.key), false, [{ words: words.goBack, go: () => void back() }]);
  saidOf = { ...found, toast: toast.value };
}

/** passing: others follow at once, so that it is only shown; `arrive` does what else belongs to an open image. */
export async function open(number: number, passing = false): Promise<void> {
  const image = project.value?.images.find((row) => row.number === number);
  const { board, sync } = desk;
  if (!image || !board) return;
  const turn = ++opening;
  await allKept();
  if (turn !== opening) return;
  leave();
  await sync.settled(number);
  const where = layer.value;
  const look = lookNow();
  const made = sync.gestures(number);
  const [labels, pixels] = await Promise.all([api.objects(number, { layer: where }), load(image, look)]).catch((error: Error) => {
    message.value = error.message;
    return [null, null] as const;
  });
  if (!labels || turn !== opening) {
    pixels?.close();
    if (turn === opening) takeUp();
    return;
  }
  await allKept();
  if (turn !== opening || desk.board !== board) return pixels.close(); // another image, or another page
  if (made !== sync.gestures(number)) {
    pixels.close(); // it was open already, and something was done on it
    return open(number, passing);
  }
  leave(); // what was begun while it was loaded
  const scene = new Scene(image.width, image.height);
  scene.comments = remarks(labels.workflow?.comments ?? []);
  scene.fields = labels.fields ?? {};
  scene.load(labels.objects.map((segment) => fromWire(segment, image.width, image.height)));
  desk.scene = scene;
  desk.layer = where;
  sync.read = labels.revision;
  sync.forget(number, where);
  sync.hear(number, labels.workflow?.number ?? 0);
  for (const segment of labels.objects) sync.knows(number, segment.id, segment.revision ?? 0, where);
  const before = info();
  current.value = number;
  const { image: addressed, object } = address.peek();
  const wanted = addressed === number && object !== undefined && scene.find(object) ? { object } : null;
  selected.value = wanted?.object ?? null;
  offer.value = null;
  looked.value = null;
  shown.value = null;
  goTo({ page: "label", image: number, show: filter.value, name: searched.value, ...wanted, query: "" }, passing);
  startClock();
  // The next frame of a video is seen as this one was.
  const alike = image.video && before?.video === image.video && before.width === image.width && before.height === image.height;
  board.show(scene, pixels, Boolean(alike));
  if (!passing) settle();
  onBoard = pixels;
  if (look !== lookNow()) showWindow();
  version.value++;
  prefetch(neighbours(image, passing ? 8 : 2), look);
  const known = image.confidence != null || !passing;
  if (where === "shared" && known && (!labels.objects.length || image.confidence != null)) await offerFor(number);
  if (!passing) arrive();
}

/** All else that belongs to an image that is open. */
export function arrive(): void {
  const number = current.value;
  if (number === null) return;
  settle();
  describe(number);
  void beat();
  const next = beside(1);
  // The next image is encoded while this is worked on.
  if (next && !next.tiles) void api.prepare(next.number, nothingAsked()).catch(() => undefined);
}

/** The frames after a frame, and the one before it; none of an image outside a sequence. */
function neighbours(image: ImageInfo, after: number): ImageInfo[] {
  if (!image.video) return [];
  const frames = project.value!.images.filter((row) => row.video === image.video).sort((a, b) => (a.frame ?? 0) - (b.frame ?? 0));
  const at = frames.findIndex((row) => row.number === image.number);
  return [...frames.slice(at + 1, at + 1 + after), ...frames.slice(Math.max(0, at - 1), at)];
}

/** Work on everybody's labels, or on labels of this person's own, apart from them. */
export async function work(on: Layer): Promise<void> {
  if (on === layer.value) return;
  await desk.sync.settled();
  layer.value = on;
  if (current.value !== null) await open(current.value);
}

/** Show what is suggested for the image and was not rejected. */
export async function offerFor(number: number): Promise<void> {
  const made = desk.sync.gestures(number);
  const found = await api.suggestion(number).catch(() => null);
  const run = found?.run;
  if (!found || !run || current.value !== number) return;
  if (made !== desk.sync.gestures(number)) return offerFor(number); // a part of it may have been judged meanwhile
  const confidence = project.value?.images.find((image) => image.number === number)?.confidence ?? null;
  offer.value = { image: number, run, confidence, objects: suggestionsOf(found.objects), rejected: new Set(found.rejected ?? []), verdict: "open", ranked: found.ranked };
}

/** The image after the open one in the list as it is shown, or before it; none beyond its ends. */
export function beside(by: 1 | -1): ImageInfo | undefined {
  const list = listed.value;
  const at = list.findIndex((image) => image.number === current.value);
  return at >= 0 ? list[at + by] : following(list, project.value?.images ?? [], current.value).at(by > 0 ? 0 : -1);
}

export function step(by: 1 | -1): void {
  const next = beside(by);
  if (next) void open(next.number);
}

/** The next image after this, and around, of which something holds. */
export function nextOf(holds: (image: ImageInfo) => boolean): boolean {
  const images = project.value?.images ?? [];
  const next = following(images, images, current.value).find(holds);
  if (next) void open(next.number);
  return Boolean(next);
}

export function doubtful(): void {
  const images = (project.value?.images ?? []).filter((image) => image.confidence != null && image.number !== current.value);
  images.sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1));
  if (images[0]) void open(images[0].number);
}
