import { describe, expect, it } from "vitest";
import { format, parse } from "../src/address";

const plain = { show: "all", name: "", query: "" };

describe("addresses", () => {
  it("name an image of the label page by its number", () => {
    expect(parse("12")).toEqual({ page: "label", image: 12, ...plain });
    expect(format({ page: "label", image: 12, ...plain })).toBe("12");
  });

  it("name what the list shows, where that is not all", () => {
    const narrowed = { page: "label", image: 12, show: "open", name: "left? & ä", query: "" };
    expect(parse(format(narrowed))).toEqual(narrowed);
    expect(format({ ...narrowed, name: "" })).toBe("12?show=open");
    expect(format({ ...narrowed, image: null, name: "" })).toBe("?show=open");
    expect(parse("?name=p1")).toEqual({ page: "label", image: null, show: "all", name: "p1", query: "" });
  });

  it("name an object of the image", () => {
    const found = { page: "label", image: 12, ...plain, object: 5 };
    expect(format(found)).toBe("12?object=5");
    expect(parse("12?object=5")).toEqual(found);
    for (const none of ["12?object=", "12?object=x", "12?object=1.5"]) expect(parse(none)).toEqual({ page: "label", image: 12, ...plain });
  });

  it("name other pages behind a slash", () => {
    expect(parse("/team")).toEqual({ page: "team", image: null, ...plain });
    expect(format({ page: "team", image: null, ...plain })).toBe("/team");
    const shown = { page: "explore", image: null, ...plain, query: "where=area+%3E+3&run=a%3Fb" };
    expect(format(shown)).toBe("/explore?where=area+%3E+3&run=a%3Fb");
    expect(parse(format(shown))).toEqual(shown);
  });

  it("lead to the label page where they name nothing", () => {
    for (const hash of ["", "twelve", "1.5", "?"]) expect(parse(hash)).toEqual({ page: "label", image: null, ...plain });
    expect(format({ page: "label", image: null, ...plain })).toBe("");
  });
});
