import { useState } from "preact/hooks";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { job, learnAgain } from "../store/state";
import { spread, stopJob } from "../store/suggestions";

export function Spread() {
  const [learner, setLearner] = useState("forest");
  const now = job.value;
  const running = now?.status === "running";
  const result = (now?.result ?? {}) as { suggested?: number; quality?: number | null };
  return (
    <section class="spread">
      <h2>{words.spread}</h2>
      <div class="row">
        <select aria-label={words.engine} value={learner} onChange={(e) => setLearner(e.currentTarget.value)}>
          {(project.value?.learners ?? []).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <button data-action="spread" disabled={running} onClick={() => void spread(learner)}>{words.spread}</button>
        {running && <button onClick={() => void stopJob()}>{words.cancel}</button>}
      </div>
      <label class="quiet">
        <input type="checkbox" checked={learnAgain.value} onInput={() => (learnAgain.value = !learnAgain.value)} /> {words.learnAgain}
      </label>
      {running && (
        <p role="status">
          <progress {...(now.total ? { value: now.done, max: now.total } : {})} /> {words.spreading(now.done, now.total ?? null)}
        </p>
      )}
      {now?.status === "done" && <p role="status" data-done="spread">{words.spreadDone(result.suggested ?? 0, result.quality ?? null)}</p>}
    </section>
  );
}
