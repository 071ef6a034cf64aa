import { words } from "../../../strings";
import { chosen, runs, toggle } from "../state";

const text = words.runs;

/** All runs, the newest first. A press shows one alone; its box shows it beside others. */
export function List() {
  return (
    <nav class="filters" aria-label={text.title}>
      <p class="quiet">{text.help}</p>
      <ul class="runs">
        {runs.value.map((run) => (
          <li key={run.id} class={chosen.value.includes(run.id) ? "chosen" : ""} data-run={run.id}>
            <input type="checkbox" aria-label={text.beside(run.id)} checked={chosen.value.includes(run.id)} onChange={() => toggle(run.id, false)} />
            <button onClick={() => toggle(run.id, true)}>
              <strong>{run.id}</strong>
              <span class="number">{run.score == null ? "" : run.score.toFixed(3)}</span>
              <span class="quiet">{[text.kinds[run.kind] ?? run.kind, run.model].filter(Boolean).join(", ")}</span>
              <span class={`state ${run.status}`}>{run.status === "done" ? run.tags.join(" ") : (text.statuses[run.status] ?? run.status)}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
