import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { dialog, message, project } from "../../store/project";
import { words } from "../../strings";
import { Classes } from "./dialogs/Classes";
import { Conflict } from "./dialogs/Conflict";
import { Export, Import } from "./dialogs/Files";
import { History } from "./dialogs/History";
import { Keys } from "./dialogs/Keys";
import { Refused } from "./dialogs/Refused";
import { Suggest } from "./dialogs/Suggest";
import { Fresh } from "./panels/Fresh";
import { Header } from "./panels/Header";
import { Images } from "./panels/Images";
import { Objects } from "./panels/Objects";
import { Over } from "./panels/Over";
import { Propagate } from "./panels/Propagate";
import { Status } from "./panels/Status";
import { Suggested } from "./panels/Suggested";
import { Timeline } from "./panels/Timeline";
import { Tools } from "./panels/Tools";
import { Values } from "./panels/Values";
import { Window } from "./panels/Window";
import { onKey } from "./store/actions";
import { begin } from "./store/images";
import { pickUp } from "./store/jobs";
import { status } from "./store/state";
import { attach, detach } from "./store/tools";

/** An image with its labels, the tools that change them, and all images beside it. `children`: dialogs of other pages. */
export function Label({ children }: { children?: ComponentChildren }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    attach(canvas.current!);
    void begin().then(pickUp).catch((error: Error) => (message.value = error.message));
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      detach();
    };
  }, []);
  return (
    <div class="studio">
      <Header />
      <Images />
      <main>
        <Tools />
        <div class="stage">
          <canvas ref={canvas} class="board" tabIndex={0} aria-label={words.images} />
          <Over />
          <Fresh />
          <Window />
          {project.value && !project.value.images.length && <p class="empty">{words.noImages}</p>}
        </div>
        <Timeline />
        <Status />
      </main>
      <aside>
        <Suggested />
        <Objects />
        <Values />
        <Propagate />
      </aside>
      {dialog.value === "keys" && <Keys />}
      {dialog.value === "export" && <Export />}
      {dialog.value === "import" && <Import />}
      {dialog.value === "classes" && <Classes />}
      {dialog.value === "history" && <History />}
      {dialog.value === "refused" && <Refused />}
      {dialog.value === "suggest" && <Suggest />}
      {children}
      {status.value.state === "conflict" && <Conflict />}
    </div>
  );
}
