import { Pages } from "../../../parts/Pages";
import { dialog, message } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { others, status } from "../store/state";

/** Whether all is saved, who else is here, what is said to the person, and the dialogs. */
export function Header() {
  const { state } = status.value;
  return (
    <header>
      <h1>{words.title}</h1>
      <span class={`status ${state}`} role="status" aria-live="polite" data-state={state}>
        {state === "offline" && message.value === words.unreachable ? words.offlineShort : (words as unknown as Record<string, string>)[state]}
        {status.value.waiting ? ` (${status.value.waiting})` : ""}
      </span>
      {status.value.parked > 0 && (
        <button class="status refused" data-parked={status.value.parked} onClick={() => (dialog.value = "refused")}>{words.refused(status.value.parked)}</button>
      )}
      {others.value.length > 0 && <span class="others">{words.others(others.value)}</span>}
      <span class="message" role="alert" title={message.value}>{message.value}</span>
      <Pages here="label" without={["history", "team", "map"]} />
      <button onClick={actions.project}>{words.actions.project}</button>
      <button onClick={actions.work}>{words.actions.work}</button>
      <button onClick={actions.history}>{words.actions.history}</button>
      <button onClick={() => (dialog.value = "import")}>{words.import}</button>
      <button onClick={() => (dialog.value = "export")}>{words.export}</button>
      <button onClick={actions.keys} title="?">{words.keys}</button>
    </header>
  );
}
