import { useMemo, useState } from "preact/hooks";
import type { ImageInfo } from "../../../api/client";
import { List } from "../../../parts/List";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { open } from "../store/images";
import { current, layer } from "../store/state";

const ROW = 52; // pixels; as in the style sheet

const FILTERS: Record<string, (one: ImageInfo, me: string) => boolean> = {
  all: () => true,
  mine: (one, me) => one.assignee === me,
  open: (one) => one.state === null,
  suggested: (one) => one.confidence != null,
  review: (one) => one.state === "review",
  labelled: (one) => one.state === "labelled",
  approved: (one) => one.state === "approved",
  twice: (one) => (one.opinions ?? []).length > 0,
};

export function Images() {
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState("all");
  const images = project.value?.images ?? [];
  const me = project.value?.me ?? "";
  const done = images.filter((one) => one.state === "labelled" || one.state === "approved").length;
  const text = typed.toLowerCase();
  const shown = useMemo(
    () => {
      const found = images.filter((one) => FILTERS[filter](one, me) && (!text || one.key.toLowerCase().includes(text)));
      // A queue: what is doubted most comes first.
      return filter === "suggested" ? found.sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1)) : found;
    },
    [images, filter, text, me],
  );
  const state = (one: ImageInfo) => {
    if (layer.value === "own") return one.opinions?.includes(me) ? words.states.labelled : words.states.none;
    return one.confidence != null ? `? ${one.confidence.toFixed(2)}` : `${one.objects} · ${words.states[one.state ?? "none"]}`;
  };
  return (
    <nav aria-label={words.images}>
      <p class="progress">
        <progress value={done} max={Math.max(1, images.length)} /> {words.progress(done, images.length)}
      </p>
      <div class="row">
        <select class="filter" aria-label={words.filter} value={filter} onChange={(e) => setFilter(e.currentTarget.value)}>
          {Object.keys(FILTERS).map((name) => (
            <option key={name} value={name}>{words.filters[name]}</option>
          ))}
        </select>
        <input
          type="search" class="filter" placeholder={words.search} aria-label={words.search} value={typed}
          onInput={(e) => setTyped(e.currentTarget.value)}
        />
      </div>
      {!shown.length && images.length > 0 && <p class="quiet">{words.nothingFound}</p>}
      <List
        items={shown} height={ROW} chosen={shown.findIndex((one) => one.number === current.value)}
        row={(one) => (
          <li key={one.number}>
            <button
              class={one.number === current.value ? "chosen" : ""} aria-current={one.number === current.value}
              title={one.key} onClick={() => void open(one.number)}
            >
              <img src={`/api/images/${one.number}/thumbnail`} loading="lazy" alt="" />
              <span class="key">{one.key}</span>
              <span class={`state ${one.state ?? "none"}`}>
                {state(one)}
                {one.assignee ? ` · ${one.assignee}` : ""}
              </span>
            </button>
          </li>
        )}
      />
    </nav>
  );
}
