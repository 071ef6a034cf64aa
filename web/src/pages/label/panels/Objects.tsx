import { useState } from "preact/hooks";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { comment, reclass, setClass } from "../store/gestures";
import { classId, colourOf, desk, drawable, layer, own, redraw, selected, version } from "../store/state";
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
              <button class={declared.id === classId.value ? "chosen" : ""} aria-pressed={declared.id === classId.value} onClick={() => setClass(declared.id)}>
                <Dot rgb={colourOf(declared.id)} />
                {classes.indexOf(declared) < 9 && <kbd>{classes.indexOf(declared) + 1}</kbd>} {declared.name} {declared.role === "ignore" ? <span class="quiet">{words.roles.ignore}</span> : ""}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section class="objects">
        <h2>{layer.value === "own" ? words.layers.own : words.objects}</h2>
        {!scene.segments.length && <p class="quiet">{words.noObjects}</p>}
        <ul>
          {[...scene.segments].reverse().slice(0, 400).map((segment) => (
            <li key={segment.id}>
              <button
                class={segment.id === selected.value ? "chosen" : ""} aria-pressed={segment.id === selected.value} data-object={segment.id}
                onClick={() => {
                  selected.value = segment.id === selected.value ? null : segment.id;
                  redraw();
                }}
              >
                <Dot rgb={colourOf(segment.classId)} />
                {name(segment.classId)} {segment.crowd ? words.isCrowd : ""} {scene.hidden.has(segment.id) ? words.isHidden : ""}
                <span class="quiet"> {segment.attributes.accepted ? words.isAccepted : words.sources[segment.source]}{scene.comments.has(segment.id) ? " ✎" : ""}</span>
              </button>
            </li>
          ))}
        </ul>
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
