/** Plots of two values, and the regions that are drawn on them: as the server takes them, and as a part of the address. */

import type { Region } from "../../api/client";
import type { Owner } from "./filters";

export interface Plot {
  x: string;
  y: string;
  owner: Owner;
  /** An expression of words, which colours the points. */
  colour?: string | undefined;
  /** Corners in the values' units; none without a region. */
  region?: readonly (readonly [x: number, y: number])[] | undefined;
}

/** Regions of all plots that have one. */
export const regions = (plots: readonly Plot[]): Region[] =>
  plots.flatMap(({ x, y, owner, region }) => (region ? [{ x, y, owner, polygon: region.map(([left, up]) => [left, up] as [number, number]) }] : []));

export const writePlot = (plot: Plot): string => JSON.stringify(plot);

/** What an address says; null where it is none. */
export function readPlot(text: string): Plot | null {
  try {
    const { x, y, owner, colour, region } = JSON.parse(text) as Partial<Plot>;
    if (typeof x !== "string" || typeof y !== "string" || (owner !== "sample" && owner !== "segment")) return null;
    const corners = Array.isArray(region) && region.length >= 3 && region.every((corner) => Array.isArray(corner) && corner.length === 2 && corner.every(Number.isFinite));
    return { x, y, owner, ...(typeof colour === "string" && { colour }), ...(corners && { region }) };
  } catch {
    return null;
  }
}
