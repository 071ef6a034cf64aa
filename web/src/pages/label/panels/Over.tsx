import { words } from "../../../strings";
import { doubtful } from "../store/images";
import { show } from "../store/shown";
import { info, offered, shown, suggested } from "../store/state";
import { accept, reject } from "../store/suggestions";

/** What to do with objects that are shown over the image's own. */
export function Over() {
  return (
    <>
      {offered.value !== null && !shown.value && (
        <div class="suggestion" role="group">
          <span>{words.suggestion(suggested.value.length, info()?.confidence ?? null)}</span>
          <button onClick={accept}>{words.accept}</button>
          <button onClick={reject}>{words.reject}</button>
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
