import { current, open, project } from "../store/studio";
import { words } from "../strings";

export function Images() {
  const images = project.value?.images ?? [];
  const done = images.filter((one) => one.state === "labelled" || one.state === "approved").length;
  const effort = project.value?.effort ?? {};
  return (
    <nav aria-label={words.images}>
      <p class="progress">
        <progress value={done} max={Math.max(1, images.length)} /> {words.progress(done, images.length)}
      </p>
      <p class="quiet">{words.effort(effort.gestures ?? 0, (effort.seconds ?? 0) / 60, effort.suggested ?? 0, effort.untouched ?? 0)}</p>
      <ul>
        {images.map((one) => (
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
