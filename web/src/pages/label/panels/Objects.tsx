import { useState } from "preact/hooks";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { addClass } from "../store/classes";
import { comment, reclass, setClass } from "../store/gestures";
import { classId, colourOf, current, desk, drawable, keymap, layer, own, redraw, selected, version } from "../store/state";
import { pick } from "../store/tools";
import { Action } from "./Tools";

const EDITS = ["holes", "smooth", "grow", "shrink", "split", "merge", "copy", "remove"];
const FURTHER = ["islands", "subtract", "intersect", "raise", "lower", "crowd", "hide", "isolate"];
const LISTED = 400;
const HIGH = 900; // pixels of a window that has room for all of them

export const css = (rgb: number) => `#${rgb.toString(16).padStart(6, "0")}`;

/** A dot of colour; drawn, because the page's policy allows no style in the markup. */
export function Dot({ rgb }: { rgb: number }) {
  return (
    <svg class="dot" viewBox="0 0 10 10" aria-hidden="true">
      <circle cx="5" cy="5" r="5" fill={css(rgb)} />
    </svg>
  );
}

/** Take a tool in hand, with the keys going to the image. */
function start(tool: string): void {
  pick(tool);
  desk.board?.canvas.focus();
}

export function Objects() {
  const [typed, setTyped] = useState("");
  const [long, setLong] = useState<number | null>(null);
  void version.value;
  const { scene } = desk;
  // The newest first; a list of thousands is made only where it is asked for.
  const listed = [...scene.segments].reverse().slice(0, long === current.value ? undefined : LISTED);
  const classes = drawable();
  const found = classes.filter((declared) => declared.name.toLowerCase().includes(typed.toLowerCase()));
  const name = (id: number) => classes.find((declared) => declared.id === id)?.name ?? `${id}`;
  return (
    <>
      <section>
        <h2>
          {words.classes} <button onClick={() => (dialog.value = "classes")}>{words.editClasses}</button>
        </h2>
        {classes.length > 5 && (
          <input
            type="search" id="find-class" class="wide" placeholder={words.actions.findClass} aria-label={words.actions.findClass} value={typed} onInput={(e) => setTyped(e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key === "Enter" && found[0]) {
                (e.shiftKey ? reclass : setClass)(found[0].id);
                setTyped("");
                e.currentTarget.blur();
              } else if (e.key === "Escape") e.currentTarget.blur();
            }}
          />
        )}
        <ul class="classes">
          {found.map((declared) => (
            <li key={declared.id}>
              <button class={declared.id === classId.value ? "chosen" : ""} title={declared.name} aria-pressed={declared.id === classId.value} onClick={() => setClass(declared.id)}>
                <Dot rgb={colourOf(declared.id)} />
                {classes.indexOf(declared) < 9 && <kbd>{classes.indexOf(declared) + 1}</kbd>} <span class="name">{declared.name}</span> {declared.role === "ignore" ? <span class="quiet">{words.roles.ignore}</span> : ""}
              </button>
            </li>
          ))}
        </ul>
        {!classes.length && (
          <div class="none" data-empty="classes">
            <p class="quiet">{words.empty.classes}</p>
            <button class="main" onClick={actions.project}>{words.empty.addClasses}</button>
          </div>
        )}
        {classes.length > 0 && !found.length && (
          <div class="none" data-empty="class">
            <p class="quiet">{words.empty.noClass(typed)}</p>
            <button onClick={() => void addClass(typed.trim()).then(() => setTyped(""))}>{words.empty.addClass(typed.trim())}</button>
          </div>
        )}
      </section>
      <section class="objects">
        <h2>{layer.value === "own" ? words.layers.own : words.objects}</h2>
        {!scene.segments.length && classes.length > 0 && (
          <div class="none" data-empty="objects">
            <p class="quiet">{words.empty.objects}</p>
            <button title={keymap.value.brush} onClick={() => start("brush")}>{words.empty.brush}</button>
            <button title={keymap.value.click} onClick={() => start("click")}>{words.empty.click}</button>
          </div>
        )}
        <ul>
          {listed.map((segment) => (
            <li key={segment.id}>
              <button
                class={segment.id === selected.value ? "chosen" : ""} aria-pressed={segment.id === selected.value} data-object={segment.id}
                onClick={() => {
                  selected.value = segment.id === selected.value ? null : segment.id;
                  redraw();
                }}
              >
                <Dot rgb={colourOf(segment.classId)} />
                <span class="name" title={name(segment.classId)}>{name(segment.classId)}</span> {segment.crowd ? words.isCrowd : ""} {scene.hidden.has(segment.id) ? words.isHidden : ""}
                <span class="quiet"> {segment.attributes.accepted ? words.isAccepted : words.sources[segment.source]}{scene.comments.has(segment.id) ? " ✎" : ""}</span>
              </button>
            </li>
          ))}
        </ul>
        {listed.length < scene.segments.length && (
          <button data-more="" onClick={() => setLong(current.value)}>{words.moreObjects(scene.segments.length - listed.length)}</button>
        )}
        {selected.value !== null && (
          <label class="row">
            {words.reclass}
            <select value={own()?.classId} data-reclass="" onChange={(e) => reclass(Number(e.currentTarget.value))}>
              {classes.map((declared) => (
                <option key={declared.id} value={declared.id}>{declared.name}</option>
              ))}
            </select>
          </label>
        )}
        {selected.value !== null && (
          <input
            type="text" placeholder={words.comment} aria-label={words.comment}
            value={scene.comments.get(selected.value) ?? ""} key={selected.value}
            onChange={(e) => comment(e.currentTarget.value)}
          />
        )}
      </section>
    </>
  );
}

/** What can be done to the chosen object; those that are needed less often open below, at once where there is room. */
export function Edits() {
  if (selected.value === null) return null;
  return (
    <section aria-label={words.edit}>
      <div class="row small">
        {EDITS.map((name) => (
          <Action key={name} name={name} />
        ))}
      </div>
      <details open={window.innerHeight >= HIGH}>
        <summary class="quiet">{words.furtherEdits}</summary>
        <div class="row small">
          {FURTHER.map((name) => (
            <Action key={name} name={name} />
          ))}
        </div>
      </details>
    </section>
  );
}

/** How far the image is. */
export function States() {
  return (
    <div class="states">
      <button class="main" title={`${words.actions.finish} (${words.key(keymap.value.finish)})`} onClick={actions.finishNow}>{words.actions.finish}</button>
      {layer.value === "shared" && <div class="row">{["review", "approve", "reopen"].map((name) => <Action key={name} name={name} />)}</div>}
    </div>
  );
}
