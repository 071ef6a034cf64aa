import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Pages } from "../../parts/Pages";
import { message, project, reload } from "../../store/project";
import { words } from "../../strings";
import { Import } from "../label";
import { Bar, Picked } from "./panels/Bar";
import { Change } from "./panels/Change";
import { Filters } from "./panels/Filters";
import { Grid } from "./panels/Grid";
import { Objects } from "./panels/Objects";
import { Plots } from "./panels/Plots";
import { Rows } from "./panels/Rows";
import { followObjects } from "./store/objects";
import { again, follow, mode, showing } from "./store/state";

/** All images at once: those that conditions and bars leave, as a grid or as a table. `children`: dialogs of other pages. */
export function Explore({ children }: { children?: ComponentChildren }) {
  const [changing, setChanging] = useState(false);
  const [files, setFiles] = useState<readonly File[] | null>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!project.value) void reload().catch((error: Error) => (message.value = error.message));
    const ends = [follow(), followObjects()];
    return () => ends.forEach((end) => end());
  }, []);
  const Shown = mode.value === "grid" ? Grid : Rows;
  return (
    <div
      class={over ? "studio explore dropping" : "studio explore"}
      onDragOver={(e) => {
        if (!e.dataTransfer?.types.includes("Files")) return;
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={(e) => e.currentTarget.contains(e.relatedTarget as Node | null) || setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        const dropped = [...(e.dataTransfer?.files ?? [])];
        if (dropped.length) setFiles(dropped);
      }}
    >
      <header>
        <h1>{words.explore.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <button data-action="import" title={words.explore.dropHere} onClick={() => setFiles([])}>{words.explore.import}</button>
        <Pages here="explore" />
      </header>
      <Filters />
      <main>
        <Bar />
        <div class="beside">
          {showing.value === "objects" ? <Objects /> : <Shown key={mode.value} />}
          <Plots />
        </div>
        {showing.value === "images" && <Picked change={() => setChanging(true)} />}
      </main>
      {files && <Import first={files} close={() => setFiles(null)} done={() => void again()} />}
      {changing && <Change close={() => setChanging(false)} />}
      {children}
    </div>
  );
}
