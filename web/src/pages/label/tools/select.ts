import type { Bench, Press, Tool } from "../../../parts/canvas/tool";

/** The object under the pointer; where there is none, the object that is only shown there is taken, or with Alt or the right button rejected. */
export class Select implements Tool {
  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    if ((at.alt || at.button === 2) && this.bench.drop(at)) return;
    const own = this.bench.scene.at(at.x, at.y);
    if (own || !this.bench.take(at)) this.bench.select(own?.id ?? null);
  }
}
