import type { VNode } from "preact";
import { describe, expect, it } from "vitest";
import { elements } from "../src/parts/Markdown";
import { imageAddress } from "../src/pages/label/store/setup";

interface Made {
  tag: string;
  props: Record<string, unknown>;
}

/** Every element that is made, and all text that is shown. */
function made(text: string): { tags: Made[]; said: string } {
  const tags: Made[] = [];
  let said = "";
  const walk = (node: unknown): void => {
    if (node === null || node === undefined || typeof node === "boolean") return;
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node !== "object") return void (said += String(node));
    const { type, props } = node as VNode<{ children?: unknown }>;
    expect(typeof type).toBe("string");
    tags.push({ tag: type as string, props: props as Record<string, unknown> });
    walk(props.children);
  };
  walk(elements(text, imageAddress));
  return { tags, said };
}

const names = (text: string) => made(text).tags.map(({ tag }) => tag);

describe("instructions", () => {
  it("are shown as they are written", () => {
    expect(names("# Cells\n\nOutline **each** _whole_ ~~part~~ `cell`.")).toEqual(["h3", "p", "strong", "em", "del", "code"]);
    expect(names("- a\n- b\n\n1. c")).toEqual(["ul", "li", "span", "li", "span", "ol", "li", "span"]);
    expect(names("|a|b|\n|-|-|\n|1|2|")).toEqual(["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]);
    expect(names("> q\n\n---\n\n```\ncode\n```")).toEqual(["blockquote", "p", "hr", "pre", "code"]);
    expect(made("a &amp; b &lt;c").said).toBe("a & b <c");
  });

  it("never become HTML", () => {
    const wicked = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> <b onclick='alert(1)'>b</b> <iframe src=//evil></iframe>\n\n`<script>`";
    const { tags, said } = made(wicked);
    expect([...new Set(tags.map(({ tag }) => tag))].sort()).toEqual(["code", "p"]);
    expect(said).toContain("<script>alert(1)</script>");
    expect(said).toContain("onerror=alert(1)");
    for (const { props } of tags) expect(Object.keys(props).filter((name) => /^on|HTML|style/i.test(name))).toEqual([]);
  });

  it("have links to elsewhere only where those cannot run anything", () => {
    for (const href of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil", "#12", "/api/project"])
      expect(names(`[a](${href})`)).toEqual(["p", "span"]);
    const [, link] = made("[a](https://example.org/b)").tags;
    expect(link).toMatchObject({ tag: "a", props: { href: "https://example.org/b", rel: "noopener noreferrer" } });
    expect(names("[a](mailto:a@example.org)")).toEqual(["p", "a"]);
  });

  it("show images of the dataset and no others", () => {
    const name = `${"0a".repeat(12)}.png`;
    const image = made(`![a cell](${name})`).tags.find(({ tag }) => tag === "img");
    expect(image?.props).toMatchObject({ src: `/api/instructions/images/${name}`, alt: "a cell" });
    for (const href of ["https://example.org/a.png", "x.png", "../project", `/${name}`, `${name}?x`, "data:image/png;base64,AA"])
      expect(names(`![a](${href})`)).toEqual(["p", "span"]);
  });
});
