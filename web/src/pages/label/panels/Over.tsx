import { words } from "../../../strings";
import { doubtful } from "../store/images";
import { least, offered, remaining, wanted } from "../store/offer";
import { show } from "../store/shown";
import { shown } from "../store/state";
import { accept, reject } from "../store/suggestions";

/** What to do with objects that are shown over the image's own. */
export function Over() {
  return (
    <>
      {offered.value !== null && !shown.value && (
        <div class="suggestion" role="group">
          <span title={words.confidenceHelp}>{words.suggestion(wanted.value.length, remaining.value.length, offered.value.objects.length, offered.value.ranked ? null : offered.value.confidence)}</span>
          {remaining.value.length > 1 && (
            <label title={offered.value.ranked ? words.rankHelp : words.scoreHelp}>
              {offered.value.ranked ? words.distinct : words.score}
              <input
                type="range" min={0} max={1} step={0.05} value={least.value} aria-label={words.least}
                onInput={(e) => (least.value = Number(e.currentTarget.value))}
              />
              <output>{words.atLeast(least.value)}</output>
            </label>
          )}
          <button class="primary" data-action="accept" onClick={accept}>{words.acceptAll(wanted.value.length)}</button>
          <button onClick={reject}>{words.rejectAll(remaining.value.length)}</button>
          <button onClick={doubtful}>{words.nextDoubtful}</button>
        </div>
      )}
      {shown.value && (
        <div class="suggestion" role="group" data-shown={shown.value.name}>
          {shown.value.steps && (
            <>
              <button disabled={!shown.value.steps.back} title={words.older} onClick={() => shown.value?.steps?.back?.()}>◀</button>
              <button disabled={!shown.value.steps.on} title={words.newer} onClick={() => shown.value?.steps?.on?.()}>▶</button>
            </>
          )}
          <span>{shown.value.words}</span>
          <button onClick={shown.value.take.go}>{shown.value.take.words}</button>
          <button onClick={() => show(null)}>{words.close}</button>
        </div>
      )}
    </>
  );
}
