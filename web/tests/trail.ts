import { apply, type Command, inverse } from "../src/model/commands";
import type { Scene } from "../src/model/scene";

/** Commands done to a scene, which can be taken back. */
export class Trail {
  private done: Command[] = [];
  private undone: Command[] = [];

  constructor(private readonly scene: Scene) {}

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  do(command: Command): void {
    apply(this.scene, command);
    this.done.push(command);
    this.undone = [];
  }

  undo(): Command | null {
    const command = this.done.pop();
    if (!command) return null;
    this.undone.push(command);
    const back = inverse(command);
    apply(this.scene, back);
    return back;
  }

  redo(): Command | null {
    const command = this.undone.pop();
    if (!command) return null;
    this.done.push(command);
    apply(this.scene, command);
    return { ...command, kind: "redo" };
  }
}
