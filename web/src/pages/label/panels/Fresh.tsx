import { words } from "../../../strings";
import { actions } from "../store/actions";
import { isFresh } from "../store/jobs";
import { current, job, layer, shown, version } from "../store/state";

/** What to do first, while nothing is labelled. */
export function Fresh() {
  void version.value;
  if (current.value === null || layer.value === "own" || shown.value || job.value?.status === "running" || !isFresh()) return null;
  return (
    <div class="fresh">
      <p>{words.firstMasks.fresh}</p>
      <button class="primary" data-action="suggest" onClick={actions.suggest}>{words.suggestMasks}</button>
      <p class="quiet">{words.firstMasks.draw}</p>
    </div>
  );
}
