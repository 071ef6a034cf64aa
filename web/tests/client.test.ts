import { afterEach, describe, expect, it, vi } from "vitest";
import { api, Refused, shutOut, Unreachable, unreachable } from "../src/api/client";
import { message } from "../src/store/project";
import { words } from "../src/strings";

afterEach(() => vi.unstubAllGlobals());

const answering = (status: number, body: string) => vi.stubGlobal("fetch", async () => new Response(body, { status }));

describe("what the server refuses", () => {
  it("is a sentence, for pixels, tiles and rows alike", async () => {
    answering(422, JSON.stringify({ detail: "p1.png: there is no such file." }));
    for (const asked of [api.pixels(1), api.tile(1, 0, 0, 0), api.project()]) {
      const error: unknown = await asked.catch((refused: unknown) => refused);
      expect(error).toBeInstanceOf(Refused);
      expect((error as Refused).message).toBe("p1.png: there is no such file.");
      expect((error as Refused).status).toBe(422);
    }
  });

  it("is told where the page is not let in any more, until it is again", async () => {
    for (const [status, shut] of [[401, true], [422, false], [403, true], [200, false]] as const) {
      answering(status, "{}");
      await api.project().catch(() => undefined);
      expect(shutOut.value).toBe(shut);
    }
  });

  it("is the text as it came where it is not JSON", async () => {
    answering(502, "the proxy is down");
    await expect(api.pixels(1)).rejects.toThrow("the proxy is down");
  });

  it("is a sentence where nobody answers, which goes with the next answer", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("Failed to fetch");
    });
    const error: unknown = await api.pixels(1).catch((failed: unknown) => failed);
    expect(error).toBeInstanceOf(Unreachable);
    expect((error as Error).message).toBe(words.unreachable);
    expect(unreachable.value).toBe(true);
    message.value = words.unreachable;
    answering(200, "[]");
    await api.columns();
    expect([unreachable.value, message.value]).toEqual([false, ""]);
    message.value = "something else";
    await api.columns();
    expect(message.value).toBe("something else");
  });
});
