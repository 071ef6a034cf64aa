/** The server's address book; types come from its own schema. */

import type { components } from "./schema";

type Schemas = components["schemas"];
export type Project = Schemas["Project"];
export type ImageInfo = Schemas["ImageInfo"];
export type ClassInfo = Schemas["ClassInfo"];
export type WireThing = Schemas["Thing"];
export type Things = Schemas["Things"];
export type Gesture = Schemas["Gesture"];
export type Answered = Schemas["Answered"];
export type Question = Schemas["Question"];
export type Masked = Schemas["Masked"];
export type Job = Schemas["Job"];
export type Imported = Schemas["Imported"];
export type LossReport = Schemas["LossReport"];

/** The server understood, and said no. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined || method !== "GET") {
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body ?? {});
  }
  if (signal) init.signal = signal;
  const answer = await fetch(`/api/${path}`, init);
  if (!answer.ok) {
    const text = await answer.text();
    let words = text;
    try {
      const detail: unknown = JSON.parse(text).detail;
      words = typeof detail === "string" ? detail : JSON.stringify(detail);
    } catch {
      // not JSON: the words are the text
    }
    throw new Refused(answer.status, words);
  }
  return (await answer.json()) as T;
}

export const api = {
  project: () => call<Project>("GET", "project"),
  objects: (number: number, at?: number) =>
    call<Things>("GET", `images/${number}/objects${at === undefined ? "" : `?at=${at}`}`),
  suggestion: (number: number) => call<Things>("GET", `images/${number}/suggestion`),
  history: (number: number) =>
    call<{ revision: number; kind: string; author: string; created: string }[]>("GET", `images/${number}/history`),
  apply: (number: number, operations: Gesture[]) => call<Answered[]>("POST", `images/${number}/operations`, { operations }),
  ask: (number: number, question: Question, signal?: AbortSignal) =>
    call<Masked>("POST", `images/${number}/ask`, question, signal),
  prepare: (number: number, question: Question) => call<unknown>("POST", `images/${number}/prepare`, question),
  present: (number: number, tab: string) => call<string[]>("POST", `images/${number}/present`, { tab }),
  spread: (engine: string) => call<Job>("POST", "spread", { engine }),
  follow: (engine: string) => call<Job>("POST", "follow", { engine }),
  job: (id: string) => call<Job>("GET", `jobs/${id}`),
  cancel: (id: string) => call<Job>("POST", `jobs/${id}/cancel`),
  classes: (classes: ClassInfo[]) => call<ClassInfo[]>("PUT", "classes", { classes }),
  take: (name: string, data: string, write: boolean) => call<Imported>("POST", "import", { name, data, write }),
  losses: (format: string) => call<LossReport>("GET", `export/${format}`),
};
