/** Undo and redo by gesture, without a limit of steps: a step holds the bitmaps that it changed and shares the rest. */

import type { Change, Scene } from "./scene";

export interface Command {
  readonly kind: string;
  readonly changes: readonly Change[];
}

export class History {
  private done: Command[] = [];
  private undone: Command[] = [];

  constructor(private readonly scene: Scene) {}

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  do(command: Command): void {
    this.scene.apply(command.changes, true);
    this.done.push(command);
    this.undone = [];
  }

  /** What has to be told to the server: the changes the other way round. */
  undo(): Command | null {
    const command = this.done.pop();
    if (!command) return null;
    this.scene.apply(command.changes, false);
    this.undone.push(command);
    const changes = [...command.changes].reverse();
    return {
      kind: "undo",
      changes: changes.map((change) => ({ id: change.id, before: change.after, after: change.before, from: change.to, to: change.from })),
    };
  }

  redo(): Command | null {
    const command = this.undone.pop();
    if (!command) return null;
    this.scene.apply(command.changes, true);
    this.done.push(command);
    return { kind: "redo", changes: command.changes };
  }

  clear(): void {
    this.done = [];
    this.undone = [];
  }
}
