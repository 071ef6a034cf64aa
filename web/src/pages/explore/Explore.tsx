import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Pages } from "../../parts/Pages";
import { message, project, reload } from "../../store/project";
import { words } from "../../strings";
import { Bar, Picked } from "./panels/Bar";
import { Change } from "./panels/Change";
import { Filters } from "./panels/Filters";
import { Grid } from "./panels/Grid";
import { Rows } from "./panels/Rows";
import { follow, mode } from "./store/state";

/** All images at once: those that conditions and bars leave, as a grid or as a table. `children`: dialogs of other pages. */
export function Explore({ children }: { children?: ComponentChildren }) {
  const [changing, setChanging] = useState(false);
  useEffect(() => {
    if (!project.value) void reload().catch((error: Error) => (message.value = error.message));
    return follow();
  }, []);
  const Shown = mode.value === "grid" ? Grid : Rows;
  return (
    <div class="studio explore">
      <header>
        <h1>{words.explore.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <Pages here="explore" />
      </header>
      <Filters />
      <main>
        <Bar />
        <Shown key={mode.value} />
        <Picked change={() => setChanging(true)} />
      </main>
      {changing && <Change close={() => setChanging(false)} />}
      {children}
    </div>
  );
}
