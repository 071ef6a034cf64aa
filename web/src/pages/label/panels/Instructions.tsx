import { Markdown } from "../../../parts/Markdown";
import { dialog, project } from "../../../store/project";
import { words } from "../../../strings";
import { imageAddress, showInstructions, told } from "../store/setup";
import { keymap } from "../store/state";

/** What annotators are told, beside the canvas; closed, a strip that opens it again. */
export function Instructions() {
  const text = project.value?.instructions ?? "";
  if (!text.trim()) return null;
  const named = `${words.setup.instructions} (${words.key(keymap.value.instructions)})`;
  if (!told.value)
    return (
      <button class="told closed" title={named} aria-label={words.setup.instructions} aria-expanded={false} onClick={() => showInstructions(true)}>
        <span>{words.setup.instructions}</span>
      </button>
    );
  return (
    <section class="told" aria-label={words.setup.instructions}>
      <h2>
        {words.setup.instructions}
        <span class="row">
          <button title={words.setup.change} aria-label={words.setup.change} onClick={() => (dialog.value = "setup")}>✎</button>
          <button title={`${words.close} (${words.key(keymap.value.instructions)})`} aria-label={words.close} aria-expanded onClick={() => showInstructions(false)}>×</button>
        </span>
      </h2>
      <Markdown text={text} image={imageAddress} />
    </section>
  );
}
