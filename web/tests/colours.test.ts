import { expect, it } from "vitest";
import type { ClassInfo } from "../src/api/client";
import { colourNumber, colourText, DISTINCT, freshColour } from "../src/pages/label/dialogs/colours";

it("colours of classes are the same in both forms", () => {
  expect(colourNumber(colourText([1, 171, 255]))).toEqual([1, 171, 255]);
  expect(colourText(null)).toBe("#3388ff");
});

it("a new class has a colour that the others do not have", () => {
  const rows: ClassInfo[] = [];
  for (let id = 1; id <= 8; id++) rows.push({ id, name: `${id}`, kind: "thing", role: "class", colour: freshColour(rows) });
  const colours = rows.map(({ colour }) => colour!);
  const apart = colours.flatMap((a, k) => colours.slice(k + 1).map((b) => a.reduce((sum, part, n) => sum + Math.abs(part - b[n]), 0)));
  expect(Math.min(...apart)).toBeGreaterThan(60);
});

it("new classes have the colours that stay apart first, then others", () => {
  const rows: ClassInfo[] = [];
  for (let id = 1; id <= 10; id++) rows.push({ id, name: `${id}`, kind: "thing", role: "class", colour: freshColour(rows) });
  expect(rows.slice(0, 8).map(({ colour }) => colour)).toEqual(DISTINCT);
  expect(new Set(rows.map(({ colour }) => `${colour}`)).size).toBe(10);
});
