import { useState } from "preact/hooks";
import { current, open, project } from "../store/studio";
import { words } from "../strings";

const MOST = 1500; // more rows than this no list shows well; the search finds the rest

export function Images() {
  const [typed, setTyped] = useState("");
  const images = project.value?.images ?? [];
  const done = images.filter((one) => one.state === "labelled" || one.state === "approved").length;
  const text = typed.toLowerCase();
  const shown = images
    .filter((one) => !text || one.key.toLowerCase().includes(text) || words.states[one.state ?? "none"].includes(text))
    .slice(0, MOST);
  const effort = project.value?.effort ?? {};
  return (
    <nav aria-label={words.images}>
      <p class="progress">
        <progress value={done} max={Math.max(1, images.length)} /> {words.progress(done, images.length)}
      </p>
      <p class="quiet">{words.effort(effort.gestures ?? 0, (effort.seconds ?? 0) / 60, effort.suggested ?? 0, effort.untouched ?? 0)}</p>
      {images.length > 12 && (
        <input
          type="search" class="wide" placeholder={words.search} aria-label={words.search} value={typed}
          onInput={(e) => setTyped(e.currentTarget.value)}
        />
      )}
      <ul>
        {shown.map((one) => (
          <li key={one.number}>
            <button
              class={one.number === current.value ? "chosen" : ""}
              aria-current={one.number === current.value}
              onClick={() => void open(one.number)}
            >
              <img src={`/api/images/${one.number}/thumbnail`} loading="lazy" alt="" />
              <span class="key">{one.key}</span>
              <span class={`state ${one.state ?? "none"}`}>
                {one.confidence != null ? `? ${one.confidence.toFixed(2)}` : `${one.objects} · ${words.states[one.state ?? "none"]}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
