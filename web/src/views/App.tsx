import { useEffect, useRef } from "preact/hooks";
import * as studio from "../store/studio";
import { words } from "../strings";
import { Classes, Conflict, Export, History, Import, Keys } from "./Dialogs";
import { Images } from "./Images";
import { Objects } from "./Objects";
import { Spread } from "./Spread";
import { Tools } from "./Tools";

export function App() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    studio.attach(canvas.current!);
    void studio.begin().catch((error: Error) => (studio.message.value = error.message));
    window.addEventListener("keydown", studio.onKey);
    return () => window.removeEventListener("keydown", studio.onKey);
  }, []);
  const { project, status, others, suggested, offered, message } = studio;
  const confidence = project.value?.images.find((one) => one.number === studio.current.value)?.confidence ?? null;
  return (
    <div class="studio">
      <header>
        <h1>{words.title}</h1>
        <span class={`status ${status.value.state}`} role="status" aria-live="polite" data-state={status.value.state}>
          {(words as unknown as Record<string, string>)[status.value.state]}
          {status.value.waiting ? ` (${status.value.waiting})` : ""}
          {status.value.state === "refused" ? `: ${status.value.words}` : ""}
        </span>
        {status.value.state === "refused" && <button onClick={() => void studio.dropRefused()}>{words.giveUp}</button>}
        {others.value.length > 0 && <span class="others">{words.others(others.value)}</span>}
        <span class="message" role="alert">{message.value}</span>
        <button onClick={() => (studio.dialog.value = "history")}>{words.actions.history}</button>
        <button onClick={() => (studio.dialog.value = "import")}>{words.import}</button>
        <button onClick={() => (studio.dialog.value = "export")}>{words.export}</button>
        <button onClick={studio.actions.keys} title="?">{words.keys}</button>
      </header>
      <Images />
      <main>
        <Tools />
        <canvas ref={canvas} class="board" tabIndex={0} aria-label={words.images} />
        {offered.value !== null && (
          <div class="suggestion" role="group">
            <span>{words.suggestion(suggested.value.length, confidence)}</span>
            <button onClick={studio.accept}>{words.accept}</button>
            <button onClick={studio.reject}>{words.reject}</button>
            <button onClick={studio.doubtful}>{words.nextDoubtful}</button>
          </div>
        )}
        {project.value && !project.value.images.length && <p class="empty">{words.noImages}</p>}
      </main>
      <aside>
        <Objects />
        <Spread />
      </aside>
      {studio.dialog.value === "keys" && <Keys />}
      {studio.dialog.value === "export" && <Export />}
      {studio.dialog.value === "import" && <Import />}
      {studio.dialog.value === "classes" && <Classes />}
      {studio.dialog.value === "history" && <History />}
      {status.value.state === "conflict" && <Conflict />}
    </div>
  );
}
