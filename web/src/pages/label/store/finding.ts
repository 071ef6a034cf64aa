/** Objects by words, from engines that take them. */

import { api, type WireSegment } from "../../../api/client";
import type { Scene } from "../../../model/scene";
import { message, project } from "../../../store/project";
import { fromWire, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { nothingAsked } from "./asking";
import { bringing, clicked, perform } from "./gestures";
import { show } from "./shown";
import { asking, classId, current, desk, engine } from "./state";

/** Everything that the words mean, with an engine that takes words; shown, to be taken or not. */
export async function find(text: string): Promise<void> {
  const number = current.value;
  const speaker = project.value?.texts.includes(engine.value) ? engine.value : project.value?.texts[0];
  if (number === null || !speaker || !text.trim()) return;
  clicked();
  asking.value = true;
  const { scene } = desk;
  try {
    const answer = await api.ask(number, { ...nothingAsked(), engine: speaker, text: text.trim() });
    if (current.value !== number) return;
    message.value = `${Math.round(answer.milliseconds)} ms`;
    const kind = classId.value;
    const objects = answer.counts.map((counts, k) => ({ id: newId(), class_id: kind, counts, is_crowd: false, source: "model" as const, score: answer.scores[k], attributes: {}, revision: 0 }));
    if (!objects.length) {
      const again = () => {
        show(null);
        document.querySelector<HTMLInputElement>("#find-words")?.select();
      };
      show({ name: text, words: words.empty.found(text), objects, take: { words: words.empty.otherWords, go: again } });
    } else show({ name: text, words: words.found(text, objects.length), objects, take: { words: words.addThem, go: () => add(objects, scene) } });
  } catch (error) {
    message.value = (error as Error).message;
  } finally {
    asking.value = false;
  }
}

function add(objects: readonly WireSegment[], scene: Scene): void {
  perform("find", bringing(objects.map((segment) => ({ ...fromWire(segment, scene.width, scene.height), source: "human" as const }))));
  show(null);
}
