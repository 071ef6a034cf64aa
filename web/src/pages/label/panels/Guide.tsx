import { words } from "../../../strings";
import { closeGuide, guide, nextStep, STEPS } from "../store/guide";
import { keymap } from "../store/state";

/** Four steps on the first image, below the list of images; the one that is next says how. */
export function Guide() {
  const done = guide.value;
  if (!done) return null;
  const next = nextStep(done);
  return (
    <section class="guide" aria-label={words.guide.title} data-guide={next ?? "done"}>
      <h2>
        {next ? words.guide.title : words.guide.over}
        <button title={words.guide.close} aria-label={words.guide.close} onClick={closeGuide}>×</button>
      </h2>
      <ol>
        {STEPS.map((step) => (
          <li key={step} class={done.has(step) ? "done" : step === next ? "next" : ""} aria-current={step === next ? "step" : undefined}>
            <strong>{words.guide.steps[step]}</strong>
            {step === next && <p>{words.guide.help(step, keymap.value)}</p>}
          </li>
        ))}
      </ol>
      {!next && (
        <p>
          {words.guide.more(keymap.value)} <button onClick={closeGuide}>{words.close}</button>
        </p>
      )}
    </section>
  );
}
