import { describe, expect, it } from "vitest";
import { defaults, nameOf } from "../src/pages/label/store/keys";
import { words } from "../src/strings";

describe("keys", () => {
  it("are one an action, and every action has its words", () => {
    const used = Object.values(defaults);
    expect(used.filter((key, k) => used.indexOf(key) !== k)).toEqual([]);
    for (const name of Object.keys(defaults)) expect(words.tools[name] ?? words.actions[name], name).toBeTruthy();
    expect(used.filter((key) => /^[1-9]$/.test(key))).toEqual([]); // digits choose classes
  });

  it("are named as they are written", () => {
    const event = (key: string, more: object = {}) => ({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...more }) as KeyboardEvent;
    expect(nameOf(event("b"))).toBe("b");
    expect(nameOf(event("S", { shiftKey: true }))).toBe("shift+s");
    expect(nameOf(event("?", { shiftKey: true }))).toBe("?");
    expect(nameOf(event("z", { metaKey: true }))).toBe("ctrl+z");
    expect(nameOf(event(" "))).toBe("space");
    expect(nameOf(event("ArrowLeft", { ctrlKey: true }))).toBe("ctrl+arrowleft");
    expect(nameOf(event("ArrowLeft", { shiftKey: true }))).toBe("shift+arrowleft");
  });
});
