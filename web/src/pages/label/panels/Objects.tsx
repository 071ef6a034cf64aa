import { useState } from "preact/hooks";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { comment, setClass } from "../store/gestures";
import { classId, colourOf, desk, drawable, layer, redraw, selected, version } from "../store/state";
import { Action } from "./Tools";

const EDITS = ["holes", "islands", "grow", "shrink", "smooth", "split", "merge", "subtract", "intersect", "raise", "lower", "crowd", "copy", "hide", "isolate", "remove"];

export const css = (rgb: number) => `#${rgb.toString(16).padStart(6, "0")}`;

/** A dot of colour; drawn, because the page's policy allows no style in the markup. */
export function Dot({ rgb }: { rgb: number }) {
  return (
    <svg class="dot" viewBox="0 0 10 10" aria-hidden="true">
      <circle cx="5" cy="5" r="5" fill={css(rgb)} />
    </svg>
  );
}

export function Objects() {
  const [typed, setTyped] = useState("");
  void version.value;
  const { scene } = desk;
  const classes = drawable();
  const found = classes.filter((one) => one.name.toLowerCase().includes(typed.toLowerCase()));
  const name = (id: number) => classes.find((one) => one.id === id)?.name ?? `${id}`;
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
                setClass(found[0].id);
                setTyped("");
                e.currentTarget.blur();
              } else if (e.key === "Escape") e.currentTarget.blur();
            }}
          />
        )}
        <ul class="classes">
          {found.map((one) => (
            <li key={one.id}>
              <button class={one.id === classId.value ? "chosen" : ""} aria-pressed={one.id === classId.value} onClick={() => setClass(one.id)}>
                <Dot rgb={colourOf(one.id)} />
                {classes.indexOf(one) < 9 && <kbd>{classes.indexOf(one) + 1}</kbd>} {one.name} {one.role === "ignore" ? <span class="quiet">{words.roles.ignore}</span> : ""}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section class="objects">
        <h2>{layer.value === "own" ? words.layers.own : words.objects}</h2>
        {!scene.things.length && <p class="quiet">{words.noObjects}</p>}
        <ul>
          {[...scene.things].reverse().slice(0, 400).map((one) => (
            <li key={one.id}>
              <button
                class={one.id === selected.value ? "chosen" : ""} aria-pressed={one.id === selected.value} data-object={one.id}
                onClick={() => {
                  selected.value = one.id === selected.value ? null : one.id;
                  redraw();
                }}
              >
                <Dot rgb={colourOf(one.classId)} />
                {name(one.classId)} {one.crowd ? words.isCrowd : ""} {scene.hidden.has(one.id) ? words.isHidden : ""}
                <span class="quiet"> {words.sources[one.source]}{one.attributes.comment ? " ✎" : ""}</span>
              </button>
            </li>
          ))}
        </ul>
        {selected.value !== null && (
          <input
            type="text" placeholder={words.comment} aria-label={words.comment}
            value={String(scene.find(selected.value)?.attributes.comment ?? "")} key={selected.value}
            onChange={(e) => comment(e.currentTarget.value)}
          />
        )}
        {selected.value !== null && (
          <div class="row small" role="group" aria-label={words.edit}>
            {EDITS.map((name) => (
              <Action key={name} name={name} />
            ))}
          </div>
        )}
        <div class="row states">
          <button onClick={actions.finish}>{words.actions.finish}</button>
          {layer.value === "shared" && ["review", "approve", "reopen"].map((name) => <Action key={name} name={name} />)}
        </div>
      </section>
    </>
  );
}
