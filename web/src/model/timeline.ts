/** The frames of a sequence as cells of a strip: what is labelled, suggested and doubtful. */

export interface Frame {
  objects: number;
  state: string | null;
  /** Of a suggestion that waits. */
  confidence?: number | null;
}

export type Kind = "none" | "suggested" | "doubtful" | "labelled";

/** A suggestion that is less sure is doubtful. */
export const SURE = 0.6;

/** What somebody sent to review is doubtful, and so is a suggestion that is not sure. */
export function kindOf(frame: Frame): Kind {
  if (frame.state === "review") return "doubtful";
  if (frame.objects) return "labelled";
  if (frame.confidence != null) return frame.confidence < SURE ? "doubtful" : "suggested";
  return frame.state ? "labelled" : "none"; // finished without an object
}

export interface Cell {
  /** The first frame, and the one after the last. */
  from: number;
  to: number;
  kind: Kind;
  /** How far the least sure suggestion of its frames has drifted, 0 to 1. */
  drift: number;
}

const RANK: readonly Kind[] = ["none", "suggested", "labelled", "doubtful"];

/** A cell a frame, or where there are more frames than fit a cell for several: it is what is most to be looked at among them. */
export function cellsOf(frames: readonly Frame[], most: number): Cell[] {
  const number = Math.min(frames.length, most);
  return Array.from({ length: number }, (_, k) => {
    const from = Math.floor((k * frames.length) / number);
    const to = Math.floor(((k + 1) * frames.length) / number);
    const own = frames.slice(from, to);
    const kind = own.map(kindOf).reduce((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a));
    return { from, to, kind, drift: Math.max(...own.map((frame) => (frame.objects || frame.confidence == null ? 0 : 1 - frame.confidence))) };
  });
}

/** The frame at a part of the strip's width, 0 to 1. */
export const frameAt = (part: number, number: number): number => Math.max(0, Math.min(number - 1, Math.floor(part * number)));

/** The next frame in a direction of which something holds; null where there is none. */
export function nextFrame<F extends Frame>(frames: readonly F[], at: number, by: 1 | -1, holds: (frame: F) => boolean): number | null {
  for (let k = at + by; k >= 0 && k < frames.length; k += by) if (holds(frames[k])) return k;
  return null;
}

/** Seconds as people write them: 0:02.4, 1:00:07.0. */
export function clock(seconds: number): string {
  const tenths = Math.round(10 * seconds);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor((tenths % 36_000) / 600)];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
