import { Dialog } from "../../../parts/Dialog";
import { dialog, project } from "../../../store/project";
import { words } from "../../../strings";
import { dropRefused, retryRefused } from "../store/conflicts";
import { open } from "../store/images";
import { desk, status } from "../store/state";

/** Changes that the server does not take, each with its reason: to be tried again once that is mended, or given up. */
export function Refused() {
  void status.value;
  const rows = desk.sync.parked;
  return (
    <Dialog title={words.refused(rows.length)}>
      <p class="quiet">{words.refusedHelp}</p>
      <ul class="rows">
        {rows.map(({ gesture, image, refused }) => {
          const row = project.value?.images.find((known) => known.number === image);
          return (
            <li key={gesture.id} data-refused={gesture.id}>
              <b>{words.gestureName(gesture.kind)}</b> <span class="quiet">{row?.key ?? image}</span> <span>{refused}</span>
              {row && <button onClick={() => {
                dialog.value = "";
                void open(image);
              }}>{words.compare}</button>}
              <button onClick={() => void retryRefused(gesture.id)}>{words.tryAgain}</button>
              <button onClick={() => void dropRefused(gesture.id)}>{words.giveUp}</button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}
