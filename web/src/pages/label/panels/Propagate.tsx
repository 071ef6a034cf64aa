import { useEffect, useState } from "preact/hooks";
import { project } from "../../../store/project";
import { forget, recall, remember } from "../../../store/kept";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { AGAIN, isUnlabelled, loadPossible, possible, propagate } from "../store/jobs";
import { job, learnAgain } from "../store/state";
import { JobState } from "./JobState";

const CLOSED = "maskwright rest closed";

/** Suggestions for the images that nobody has labelled: the first masks, and what finished images teach. */
export function Propagate() {
  const [learner, setLearner] = useState("forest");
  const [open, setOpen] = useState(() => recall(CLOSED) === null);
  const keepOpen = (now: boolean) => {
    setOpen(now);
    if (now) forget(CLOSED);
    else remember(CLOSED, "yes");
  };
  const busy = job.value?.status === "running";
  const now = job.value && job.value.kind !== "follow" ? job.value : null; // what follows objects is told below the frames
  const running = now?.status === "running";
  const images = project.value?.images ?? [];
  // What a learner needs is said before it is asked, and anew when another image is finished.
  const finished = images.filter((image) => image.state !== null).length;
  useEffect(() => {
    if (images.length) void loadPossible();
  }, [finished, images.length]);
  const ready = possible.value?.readiness;
  // As the list has it now: what the server said may be older.
  const left = images.filter(isUnlabelled).length;
  return (
    <section class="propagate">
      <details open={open} onToggle={(e) => keepOpen(e.currentTarget.open)}>
        <summary>{words.propagate}</summary>
        <div class="row">
          <select aria-label={words.engine} value={learner} onChange={(e) => setLearner(e.currentTarget.value)}>
            {(project.value?.learners ?? []).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <button data-action="propagate" disabled={busy || !ready || ready.more > 0 || !left} onClick={() => void propagate(learner)}>{words.propagate}</button>
        </div>
        {ready && <p class="quiet" data-needs={ready.more} data-left={left}>{left ? ready.words : words.nothingLeft}</p>}
        <label class="quiet">
          <input type="checkbox" checked={learnAgain.value} onInput={() => (learnAgain.value = !learnAgain.value)} /> {words.learnAgain(AGAIN)}
        </label>
        <div class="row">
          <button onClick={actions.suggest} disabled={running}>{words.suggestMasks} …</button>
        </div>
      </details>
      {now && <JobState job={now} />}
    </section>
  );
}
