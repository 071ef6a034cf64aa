import { words } from "../../../strings";

/** Chooses one of the steps of a training. */
export function Steps({ steps, step, choose }: { steps: readonly number[]; step: number; choose: (step: number) => void }) {
  return (
    <label class="steps">{words.runs.step}
      <input
        type="range" min={0} max={steps.length - 1} step={1} value={steps.indexOf(step)} disabled={steps.length < 2} aria-valuetext={String(step)}
        onInput={(e) => choose(steps[e.currentTarget.valueAsNumber])}
      />
      <output>{step.toLocaleString("en")}</output>
    </label>
  );
}
