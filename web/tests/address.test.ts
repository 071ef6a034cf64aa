import { describe, expect, it } from "vitest";
import { format, parse } from "../src/address";

describe("addresses", () => {
  it("name an image of the label page by its number", () => {
    expect(parse("12")).toEqual({ page: "label", image: 12 });
    expect(format({ page: "label", image: 12 })).toBe("12");
  });

  it("name other pages behind a slash", () => {
    expect(parse("/team")).toEqual({ page: "team", image: null });
    expect(format({ page: "team", image: null })).toBe("/team");
  });

  it("lead to the label page where they name nothing", () => {
    for (const hash of ["", "twelve", "1.5"]) expect(parse(hash)).toEqual({ page: "label", image: null });
    expect(format({ page: "label", image: null })).toBe("");
  });
});
