import { useEffect, useRef } from "preact/hooks";
import { actions, onKey } from "../store/actions";
import { dropRefused } from "../store/files";
import { begin, doubtful } from "../store/images";
import { show } from "../store/shown";
import { dialog, info, message, offered, others, project, shown, status, suggested } from "../store/state";
import { accept, reject } from "../store/suggestions";
import { attach } from "../store/tools";
import { words } from "../strings";
import { Classes } from "./Classes";
import { Conflict, Export, History, Import, Keys } from "./Dialogs";
import { Images } from "./Images";
import { Objects } from "./Objects";
import { Spread } from "./Spread";
import { Timeline } from "./Timeline";
import { Tools } from "./Tools";
import { Work } from "./Work";

export function App() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    attach(canvas.current!);
    void begin().catch((error: Error) => (message.value = error.message));
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const { state } = status.value;
  return (
    <div class="studio">
      <header>
        <h1>{words.title}</h1>
        <span class={`status ${state}`} role="status" aria-live="polite" data-state={state}>
          {(words as unknown as Record<string, string>)[state]}
          {status.value.waiting ? ` (${status.value.waiting})` : ""}
          {state === "refused" ? `: ${status.value.words}` : ""}
        </span>
        {state === "refused" && <button onClick={() => void dropRefused()}>{words.giveUp}</button>}
        {others.value.length > 0 && <span class="others">{words.others(others.value)}</span>}
        <span class="message" role="alert">{message.value}</span>
        <button onClick={actions.work}>{words.actions.work}</button>
        <button onClick={actions.history}>{words.actions.history}</button>
        <button onClick={() => (dialog.value = "import")}>{words.import}</button>
        <button onClick={() => (dialog.value = "export")}>{words.export}</button>
        <button onClick={actions.keys} title="?">{words.keys}</button>
      </header>
      <Images />
      <main>
        <Tools />
        <div class="stage">
          <canvas ref={canvas} class="board" tabIndex={0} aria-label={words.images} />
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
          {project.value && !project.value.images.length && <p class="empty">{words.noImages}</p>}
        </div>
        <Timeline />
      </main>
      <aside>
        <Objects />
        <Spread />
      </aside>
      {dialog.value === "keys" && <Keys />}
      {dialog.value === "export" && <Export />}
      {dialog.value === "import" && <Import />}
      {dialog.value === "classes" && <Classes />}
      {dialog.value === "history" && <History />}
      {dialog.value === "work" && <Work />}
      {state === "conflict" && <Conflict />}
    </div>
  );
}
