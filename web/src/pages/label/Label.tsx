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
import { Setup } from "./dialogs/Setup";
import { Header } from "./panels/Header";
import { Images } from "./panels/Images";
import { Instructions } from "./panels/Instructions";
import { NoImages } from "./panels/NoImages";
import { Edits, Objects, States } from "./panels/Objects";
import { Over } from "./panels/Over";
import { Propagate } from "./panels/Propagate";
import { ShutOut } from "./panels/ShutOut";
import { Status } from "./panels/Status";
import { Suggested } from "./panels/Suggested";
import { Timeline } from "./panels/Timeline";
import { Tools } from "./panels/Tools";
import { Values } from "./panels/Values";
import { Window } from "./panels/Window";
import { onKey, onTap } from "./store/actions";
import { takeWish } from "./store/comparing";
import { begin } from "./store/images";
import { guide, nextStep } from "./store/guide";
import { pickUp } from "./store/jobs";
import { beginProject, followProject } from "./store/setup";
import { desk, status } from "./store/state";
import { attach, detach } from "./store/tools";
import { stop } from "./store/video";

/** An image with its labels, the tools that change them, and all images beside it. `children`: dialogs of other pages. */
export function Label({ children }: { children?: ComponentChildren }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    attach(canvas.current!);
    desk.board!.tapped = onTap;
    canvas.current!.addEventListener("pointerdown", stop);
    followProject();
    void begin().then(beginProject).then(pickUp).then(takeWish).catch((error: Error) => (message.value = error.message));
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      detach();
    };
  }, []);
  return (
    <div class="studio" data-step={guide.value ? (nextStep(guide.value) ?? undefined) : undefined}>
      <Header />
      <Images />
      <main>
        <Tools />
        <div class="middle">
          <Instructions />
          <div class="stage">
            <canvas ref={canvas} class="board" tabIndex={0} aria-label={words.images} />
            <NoImages />
            <ShutOut />
          </div>
        </div>
        <Timeline />
        <Status />
      </main>
      <aside>
        <div class="above">
          <Window />
          <Over />
          <Fresh />
          <Suggested />
          <Objects />
          <Values />
          <Edits />
        </div>
        <div class="below">
          <States />
          <Propagate />
        </div>
      </aside>
      {dialog.value === "keys" && <Keys />}
      {dialog.value === "export" && <Export />}
      {dialog.value === "import" && <Import />}
      {dialog.value === "setup" && project.value && <Setup />}
      {dialog.value === "classes" && <Classes />}
      {dialog.value === "history" && <History />}
      {dialog.value === "refused" && <Refused />}
      {dialog.value === "suggest" && <Suggest />}
      {children}
      {status.value.state === "conflict" && <Conflict />}
    </div>
  );
}
