/** Undo and redo by gesture, without a limit of steps: a step holds the bitmaps that it changed and shares the rest. */

import type { Change, Fields, Remark, Scene } from "./scene";

export interface Command {
  readonly kind: string;
  readonly changes: readonly Change[];
  readonly remark?: Remark;
  readonly fields?: Fields;
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
    this.apply(command, true);
    this.done.push(command);
    this.undone = [];
  }

  /** What has to be told to the server: the changes the other way round. */
  undo(): Command | null {
    const command = this.done.pop();
    if (!command) return null;
    this.apply(command, false);
    this.undone.push(command);
    const changes = [...command.changes].reverse();
    const { remark, fields } = command;
    return {
      kind: "undo",
      changes: changes.map((change) => ({ id: change.id, before: change.after, after: change.before, from: change.to, to: change.from })),
      ...(remark && { remark: { segment: remark.segment, before: remark.after, after: remark.before } }),
      ...(fields && { fields: { before: fields.after, after: fields.before } }),
    };
  }

  redo(): Command | null {
    const command = this.undone.pop();
    if (!command) return null;
    this.apply(command, true);
    this.done.push(command);
    return { ...command, kind: "redo" };
  }

  private apply({ changes, remark, fields }: Command, forward: boolean): void {
    this.scene.apply(changes, forward);
    if (remark) this.scene.say(remark, forward);
    if (fields) this.scene.fill(fields, forward);
  }

  clear(): void {
    this.done = [];
    this.undone = [];
  }
}
