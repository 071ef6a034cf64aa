import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { goTo, ALL } from "../../address";
import { api, type Explorable } from "../../api/client";
import { Pages } from "../../parts/Pages";
import { listed as left } from "../../store/listed";
import { message, project, reload } from "../../store/project";
import { words } from "../../strings";
import { Pane } from "./Pane";
import { LABELS, look, moved, show, shown, WHOLE, zoomed } from "./state";

const text = words.beside;

/** One image under its labels or under runs, twice; both are moved and zoomed together. `children`: dialogs of other pages. */
export function Beside({ children }: { children?: ComponentChildren }) {
  const what = shown();
  const [known, setKnown] = useState<Explorable | null>(null);
  useEffect(() => {
    const failed = (error: Error) => (message.value = error.message);
    if (!project.value) void reload().catch(failed);
    api.explorable().then(setKnown, failed);
  }, []);
  const image = project.value?.images.find(({ number }) => number === what?.image);
  // Those that Explore was left with, or all.
  const listed = left.value.length ? [...left.value] : (project.value?.images.map(({ number }) => number) ?? []);
  const place = what ? listed.indexOf(what.image) : -1;
  const step = (by: number) => what && listed[place + by] !== undefined && show({ ...what, image: listed[place + by] }, true);
  useEffect(() => void (look.value = WHOLE), [what?.image]);
  useEffect(() => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => (look.value = zoomed(look.value, 1.5, 0.5, 0.5)), "-": () => (look.value = zoomed(look.value, 1 / 1.5, 0.5, 0.5)),
      "0": () => (look.value = WHOLE), a: () => (look.value = moved(look.value, 0.1, 0)), d: () => (look.value = moved(look.value, -0.1, 0)),
      w: () => (look.value = moved(look.value, 0, 0.1)), s: () => (look.value = moved(look.value, 0, -0.1)),
    };
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      const act = keys[event.key];
      if (act) {
        event.preventDefault();
        act();
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
  const runs = (known?.runs ?? []).filter((run) => run.predicts);
  return (
    <div class="studio explore beside-page">
      <header>
        <h1>{text.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <Pages here="beside" />
      </header>
      <main>
        {!what && <p class="empty">{text.none}</p>}
        {what && (
          <>
            <div class="tools" role="toolbar" aria-label={text.title}>
              <button disabled={place <= 0} onClick={() => step(-1)} aria-label={text.before} title={text.before}>←</button>
              <button disabled={place < 0 || place >= listed.length - 1} onClick={() => step(1)} aria-label={text.next} title={text.next}>→</button>
              <strong>{image?.key ?? what.image}</strong>
              <button onClick={() => goTo({ page: "label", image: what.image, show: ALL, name: "", query: "" })}>{text.open}</button>
              <button disabled={look.value.scale === 1} onClick={() => (look.value = WHOLE)}>{text.whole}</button>
              <span class="quiet">{text.help}</span>
            </div>
            <div class="two">
              {([0, 1] as const).map((side) => (
                <section key={side} aria-label={text.sides[side]}>
                  <label>{text.sides[side]}{" "}
                    <select value={what.sides[side]} onChange={(e) => show({ ...what, sides: side ? [what.sides[0], e.currentTarget.value] : [e.currentTarget.value, what.sides[1]] }, true)}>
                      <option value={LABELS}>{text.labels}</option>
                      {runs.map(({ id }) => <option key={id} value={id}>{id}</option>)}
                    </select>
                  </label>
                  {image && <Pane key={`${image.number} ${what.sides[side]}`} image={image} run={what.sides[side] || null} />}
                </section>
              ))}
            </div>
          </>
        )}
      </main>
      {children}
    </div>
  );
}
