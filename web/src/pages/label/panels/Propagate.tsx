import { useState } from "preact/hooks";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { job, learnAgain } from "../store/state";
import { propagate, stopJob } from "../store/suggestions";

export function Propagate() {
  const [learner, setLearner] = useState("forest");
  const now = job.value;
  const running = now?.status === "running";
  const result = (now?.result ?? {}) as { suggested?: number; quality?: number | null };
  return (
    <section class="propagate">
      <h2>{words.propagate}</h2>
      <div class="row">
        <select aria-label={words.engine} value={learner} onChange={(e) => setLearner(e.currentTarget.value)}>
          {(project.value?.learners ?? []).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <button data-action="propagate" disabled={running} onClick={() => void propagate(learner)}>{words.propagate}</button>
        {running && <button onClick={() => void stopJob()}>{words.cancel}</button>}
      </div>
      <label class="quiet">
        <input type="checkbox" checked={learnAgain.value} onInput={() => (learnAgain.value = !learnAgain.value)} /> {words.learnAgain}
      </label>
      {running && (
        <p role="status">
          <progress {...(now.total ? { value: now.done, max: now.total } : {})} /> {words.propagating(now.done, now.total ?? null)}
        </p>
      )}
      {now?.status === "done" && <p role="status" data-done="propagate">{words.propagated(result.suggested ?? 0, result.quality ?? null)}</p>}
    </section>
  );
}
