import type { Job } from "../../../api/client";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { review } from "../store/actions";
import { stopJob } from "../store/jobs";

interface Result {
  images?: number;
  objects?: number;
  suggested?: number;
  set_aside?: { key: string; reason: string }[];
}

/** How far long work is, and what became of it: it never ends in silence. */
export function JobState({ job, then }: { job: Job; then?: () => void }) {
  if (job.status === "running")
    return (
      <div class="job" role="status" data-running={job.kind}>
        <progress {...(job.total ? { value: job.done, max: job.total } : {})} />
        <div class="row">
          <span>{words.firstMasks.doing(job.kind, job.done, job.total, job.words)}</span>
          <button onClick={() => void stopJob()}>{words.cancel}</button>
        </div>
      </div>
    );
  const { images, objects, suggested, set_aside: aside = [] } = job.result as Result;
  const failed = job.status === "failed";
  // Of images that were finished or judged since nothing waits any more, whatever was suggested.
  const waits = (project.value?.images ?? []).filter((image) => image.confidence != null).length;
  const some = !failed && (objects ?? 0) > 0;
  const told = some && !waits ? words.firstMasks.allJudged : some && waits !== images ? `${job.words} ${words.firstMasks.waits(waits)}` : job.words;
  return (
    <div class={`job ${job.status}`} role={failed ? "alert" : "status"} data-done={job.kind} data-status={job.status}>
      <p>
        {failed && `${words.firstMasks.failed} `}
        {told}
      </p>
      {aside.length > 0 && (
        <ul class="quiet">
          {aside.map(({ key, reason }) => (
            <li key={key}>{words.firstMasks.aside(key, reason)}</li>
          ))}
        </ul>
      )}
      {(objects ?? images ?? suggested ?? 0) > 0 && project.value?.images.some((image) => image.confidence != null) && (
        <button
          class="primary" data-review=""
          onClick={() => {
            then?.();
            review();
          }}
        >
          {words.firstMasks.review}
        </button>
      )}
    </div>
  );
}
