import { describe, expect, it } from "vitest";

// A room imports rooms above it only; the rest of the files (strings, address) may be used by all.
const ROOMS = ["model", "api", "store", "parts", "pages", "router.tsx", "main.tsx"];
// A page asks another page only by what its index gives, and only those named here.
const ASKS: Record<string, string[]> = { team: ["label"], explore: ["label", "beside"] };

const sources = import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const imports = Object.entries(sources).flatMap(([path, text]) => {
  const file = path.replace("../src/", "");
  const parts = (name: string) => new URL(name, `file:///${file}`).pathname.slice(1).split("/");
  return [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, target]) => ({ file: file.split("/"), target: parts(target) }));
});

describe("rooms of the page", () => {
  it("are read", () => expect(imports.length).toBeGreaterThan(100));

  it("import downwards only", () => {
    const rank = (path: string[]) => ROOMS.indexOf(path[0]);
    expect(imports.filter(({ file, target }) => file[0] !== target[0] && rank(file) >= 0 && rank(target) > rank(file))).toEqual([]);
  });

  it("of which pages do not know each other's inside", () => {
    const pages = imports.filter(({ file, target }) => file[0] === "pages" && target[0] === "pages" && file[1] !== target[1]);
    expect(pages.filter(({ file, target }) => target.length > 2 || !ASKS[file[1]]?.includes(target[1]))).toEqual([]);
  });
});
