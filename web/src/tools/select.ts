import type { Bench, Press, Tool } from "./tool";

/** The object under the pointer. */
export class Select implements Tool {
  constructor(private readonly bench: Bench) {}

  down(at: Press): void {
    this.bench.select(this.bench.scene.at(at.x, at.y)?.id ?? null);
  }
}
