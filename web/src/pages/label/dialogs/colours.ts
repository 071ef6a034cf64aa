/** Colours of classes, in the forms that the server and a field for colours have them. */

import type { ClassInfo } from "../../../api/client";

type Colour = NonNullable<ClassInfo["colour"]>;

const PLAIN: Colour = [51, 136, 255];

/** As a field for colours has it, such as #3388ff. */
export const colourText = (colour: ClassInfo["colour"]): string => `#${(colour ?? PLAIN).map((part) => part.toString(16).padStart(2, "0")).join("")}`;

export function colourNumber(text: string): Colour {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** The server's own, which stay apart for people who are colour-blind too; `core.classes.DISTINCT`. */
export const DISTINCT: readonly Colour[] = [
  [242, 84, 84], [0, 80, 242], [0, 242, 242], [242, 207, 36], [165, 58, 147], [187, 242, 133], [0, 161, 242], [242, 133, 169],
];
const FAR = 40; // of red, green and blue together

/** One that the others are far from: the next of those that stay apart, or the hue that leaves most room, as bright as the server's own. */
export function freshColour(rows: readonly ClassInfo[]): Colour {
  const far = (a: Colour) => rows.every((row) => a.reduce((sum, part, n) => sum + Math.abs(part - (row.colour ?? PLAIN)[n]), 0) > FAR);
  const kept = DISTINCT.find(far);
  if (kept) return kept;
  const taken = rows.map((row) => hue(row.colour ?? PLAIN));
  const room = (angle: number) => Math.min(360, ...taken.map((other) => Math.min(Math.abs(angle - other), 360 - Math.abs(angle - other))));
  const angles = Array.from({ length: 72 }, (_, k) => 5 * k);
  return bright(angles.reduce((a, b) => (room(b) > room(a) ? b : a)));
}

/** Degrees. */
function hue([red, green, blue]: Colour): number {
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (!span) return 0;
  const sixths = most === red ? (green - blue) / span : most === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
  return (60 * sixths + 360) % 360;
}

/** Of a hue, with saturation 0.65 and value 0.95. */
function bright(degrees: number): Colour {
  const part = (n: number) => {
    const k = (n + degrees / 60) % 6;
    return Math.floor(255 * (0.95 - 0.95 * 0.65 * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [part(5), part(3), part(1)];
}
