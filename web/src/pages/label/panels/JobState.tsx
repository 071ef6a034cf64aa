import type { Job } from "../../../api/client";
import { words } from "../../../strings";
import { review } from "../store/actions";
import { stopJob } from "../store/jobs";

interface Result {
  images?: number;
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
          <span>{words.firstMasks.doing(job.kind, job.done, job.total)}</span>
          <button onClick={() => void stopJob()}>{words.cancel}</button>
        </div>
      </div>
    );
  const { images, suggested, set_aside: aside = [] } = job.result as Result;
  const failed = job.status === "failed";
  return (
    <div class={`job ${job.status}`} role={failed ? "alert" : "status"} data-done={job.kind} data-status={job.status}>
      <p>
        {failed && `${words.firstMasks.failed} `}
        {job.words}
      </p>
      {aside.length > 0 && (
        <ul class="quiet">
          {aside.map(({ key, reason }) => (
            <li key={key}>{words.firstMasks.aside(key, reason)}</li>
          ))}
        </ul>
      )}
      {(images ?? suggested ?? 0) > 0 && (
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
