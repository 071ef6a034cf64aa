/** What a run suggests for the open image: the objects that are left to judge, how sure the run is of each, and which one is looked at. */

import { computed, signal } from "@preact/signals";
import type { WireSegment } from "../../../api/client";
import type { Bits } from "../../../model/bits";
import type { Said, Verdict } from "../../../model/commands";
import { gained } from "../../../model/joined";
import type { Ghost } from "../../../parts/canvas/board";
import { fromWire } from "../../../store/wire";
import { colourOf, current, desk, isDeclared, isExclusive, shown, version } from "./state";

export interface Suggestion {
  /** Its own in the suggestion; an object that is made of it gets another. */
  readonly id: number;
  readonly segment: WireSegment;
  readonly bits: Bits;
  /** 0 to 1; none where the run says nothing of it. */
  readonly score: number | null;
}

export interface Offer {
  readonly image: number;
  readonly run: string;
  /** Of the whole image. */
  readonly confidence: number | null;
  readonly objects: readonly Suggestion[];
  /** Ids of those that were rejected one by one. */
  readonly rejected: ReadonlySet<number>;
  readonly verdict: Verdict;
  /** Do scores only say which is surer? */
  readonly ranked?: boolean;
}

export const offer = signal<Offer | null>(null);
/** Objects of less confidence are not shown and not accepted. */
export const least = signal(0);
/** The suggestion that is looked at, by its id. */
export const looked = signal<number | null>(null);

/** The offer while nothing was said of it as a whole. It may be that nothing is there. */
export const offered = computed(() => (offer.value?.verdict === "open" && offer.value.image === current.value ? offer.value : null));

/** Suggestions that are neither objects of the image nor rejected, the surest first, with the pixels that they would get. */
export const remaining = computed<readonly Suggestion[]>(() => {
  void version.value;
  const now = offered.value;
  if (!now) return [];
  return now.objects
    .filter((each) => !now.rejected.has(each.id) && isDeclared(each.segment.class_id))
    .flatMap((each) => {
      const bits = gained(desk.scene.segments, each.bits, isExclusive());
      return bits ? { ...each, bits } : [];
    })
    .sort((a, b) => sure(b) - sure(a));
});

/** Those of them that are sure enough. */
export const wanted = computed(() => remaining.value.filter((each) => sure(each) >= least.value));

export const atHand = computed(() => wanted.value.find((each) => each.id === looked.value) ?? null);

/** A run that says nothing of its certainty is not doubted for that. */
export const rate = ({ score }: { readonly score?: number | null }): number => score ?? 1;
export const sure = (each: Suggestion): number => rate(each);

/** Suggestions of the wire, as they lie on the open image. */
export function suggestionsOf(objects: readonly WireSegment[]): Suggestion[] {
  const { width, height } = desk.scene;
  return objects.map((segment) => ({ id: segment.id, segment, bits: fromWire(segment, width, height).bits, score: segment.score ?? null }));
}

/** Something was said of the offer, or that was taken back. */
export function hear(said: Said | undefined): void {
  const now = offer.value;
  if (!now || !said) return;
  let { rejected, verdict } = now;
  if (said.objects?.run === now.run) {
    const { ids, after } = said.objects;
    rejected = new Set([...rejected].filter((id) => !ids.includes(id)).concat(after === "rejected" ? ids : []));
  }
  if (said.suggestion?.run === now.run) verdict = said.suggestion.after;
  offer.value = { ...now, rejected, verdict };
}

/** Does the image wait for a verdict, with the objects and the state that it has now? -> its confidence, as the list shows it. */
export function waitsWith(number: number, state: string | null): number | null {
  const now = offered.value;
  if (!now || now.image !== number || (state !== null && state !== "open")) return null;
  const { segments } = desk.scene;
  return !segments.length || segments.some(({ attributes }) => attributes.suggested_by) ? now.confidence : null;
}

/** What lies hatched over the image: the surest is the most opaque, and on top. */
export const ghosts = computed<readonly Ghost[]>(() => {
  if (shown.value) return suggestionsOf(shown.value.objects).map(({ segment, bits }) => ({ bits, colour: colourOf(segment.class_id), alpha: 110 }));
  const hand = atHand.value;
  return [...wanted.value]
    .reverse()
    .sort((a, b) => Number(a === hand) - Number(b === hand))
    .map((each) => ({ bits: each.bits, colour: colourOf(each.segment.class_id), alpha: shade(sure(each)), chosen: each === hand }));
});

/** Opacity of 0 to 255 for a confidence of 0 to 1. */
export const shade = (confidence: number): number => Math.round(40 + 160 * Math.max(0, Math.min(1, confidence)));
