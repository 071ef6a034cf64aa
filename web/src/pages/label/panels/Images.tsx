import { useState } from "preact/hooks";
import type { ImageInfo } from "../../../api/client";
import { List } from "../../../parts/List";
import { message, project } from "../../../store/project";
import { words } from "../../../strings";
import { acceptEverywhere, rejectEverywhere, stop } from "../store/everywhere";
import { open } from "../store/images";
import { FILTERS, listed } from "../store/listing";
import { least } from "../store/offer";
import { lookAgain } from "../store/setup";
import { current, desk, filter as chosenFilter, layer, searched } from "../store/state";
import { tell } from "../store/toast";
import { going } from "../store/whole";
import { lookOfAll } from "../store/window";
import { Guide } from "./Guide";
import { Overview } from "./Overview";

const ROW = 52; // pixels; as in the style sheet

const END = 8; // letters of a long name that are always seen: names of a series differ there

/** A name that is cut in the middle where there is no room for all of it. */
function Cut({ name }: { name: string }) {
  if (name.length <= END) return <span class="key">{name}</span>;
  return (
    <span class="key cut">
      <span>{name.slice(0, -END)}</span>
      <span>{name.slice(-END)}</span>
    </span>
  );
}

/** Images that were put into the project's folder since come from here. */
function LookAgain() {
  const [looking, setLooking] = useState(false);
  const look = () => {
    setLooking(true);
    lookAgain()
      .then(({ images, notes }) => tell(words.lookedAgain(images, notes)), (error: Error) => (message.value = error.message))
      .finally(() => setLooking(false));
  };
  return <button class="wide" data-action="look" title={words.lookAgainHelp(project.value?.place ?? "")} disabled={looking} onClick={look}>{words.empty.look}</button>;
}

export function Images() {
  const filter = chosenFilter.value;
  const images = project.value?.images ?? [];
  const me = project.value?.me ?? "";
  const done = images.filter((image) => image.state === "labelled" || image.state === "approved").length;
  const text = searched.value;
  const shown = listed.value;
  const state = (image: ImageInfo) => {
    if (layer.value === "own") return image.own_labels?.includes(me) ? words.states.labelled : words.states.none;
    return image.confidence != null ? words.doubt(image.confidence) : `${image.objects} · ${words.states[image.state ?? "none"]}`;
  };
  return (
    <nav aria-label={words.images}>
      <p class="progress">
        <progress value={done} max={Math.max(1, images.length)} /> {words.progress(done, images.length)}
      </p>
      <div class="row">
        <select class="filter" aria-label={words.filter} value={filter} onChange={(e) => (chosenFilter.value = e.currentTarget.value)}>
          {Object.keys(FILTERS).map((name) => (
            <option key={name} value={name}>{words.filters[name]}</option>
          ))}
        </select>
        <input
          type="search" class="filter" placeholder={words.search} aria-label={words.search} value={text}
          onInput={(e) => (searched.value = e.currentTarget.value)}
        />
      </div>
      {images.length > 0 && <LookAgain />}
      {filter === "suggested" && shown.length > 1 && !going.value && (
        <>
          <button class="wide" data-action="acceptEverywhere" title={words.everywhereHelp} onClick={() => void acceptEverywhere()}>
            {words.everywhere(shown.length, least.value)}
          </button>
          <button class="wide" data-action="rejectEverywhere" title={words.nowhereHelp} onClick={() => void rejectEverywhere()}>
            {words.nowhere(shown.length)}
          </button>
        </>
      )}
      {going.value && (
        <p class="row" role="status">
          <progress value={going.value.done} max={going.value.total} /> {going.value.stops && <button onClick={stop}>{words.cancel}</button>}
        </p>
      )}
      {!shown.length && images.length > 0 && (
        <div class="none" data-empty="list">
          <p class="quiet">{text ? words.nothingFound : (words.empty.waits[filter] ?? words.nothingFound)}</p>
          <button onClick={() => {
            searched.value = "";
            chosenFilter.value = "all";
          }}>{words.empty.showAll}</button>
        </div>
      )}
      <List
        items={shown} height={ROW} chosen={shown.findIndex((image) => image.number === current.value)}
        row={(image) => (
          <li key={image.number}>
            <button
              class={image.number === current.value ? "chosen" : ""} aria-current={image.number === current.value}
              title={image.key} aria-label={`${image.key}, ${state(image)}${image.assignee ? ` · ${image.assignee}` : ""}`} onClick={() => void open(image.number).then(() => desk.board?.canvas.focus())}
            >
              <img src={`/api/images/${image.number}/thumbnail${lookOfAll.value && `?${lookOfAll.value}`}`} loading="lazy" alt="" />
              <Cut name={image.key} />
              <span class={`state ${image.state ?? "none"}`} title={image.confidence != null && layer.value !== "own" ? `${words.confidence} ${image.confidence.toFixed(2)}. ${words.confidenceHelp}` : undefined}>
                {state(image)}
                {image.assignee ? ` · ${image.assignee}` : ""}
              </span>
            </button>
          </li>
        )}
      />
      <Overview />
      <Guide />
    </nav>
  );
}
