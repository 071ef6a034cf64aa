import { words } from "../../../strings";
import { actions } from "../store/actions";
import { begun, candidateShown, classId, keymap, nameOfClass, own, pointer, selected, toolName, underway, version, zoom } from "../store/state";
import { tell, toast } from "../store/toast";

/** The bar below the image: what is under way, what the tool wants, what has just happened, and where the pointer is. */
export function Status() {
  void version.value;
  void selected.value;
  const chosen = own();
  const name = chosen && words.chosen(nameOfClass(chosen.classId), chosen.bits.area());
  const at = pointer.value;
  return (
    <footer class="bar">
      <strong data-underway={underway.value}>{words.underway(underway.value, name, nameOfClass(classId.value))}</strong>
      {name && underway.value === "new" && <span data-chosen="">{words.isChosen(name)}</span>}
      {candidateShown.value && <strong data-candidate={candidateShown.value.at}>{words.candidate(candidateShown.value.at, candidateShown.value.of, keymap.value.candidate)}</strong>}
      {toast.value ? (
        <span class="toast" role="status" data-toast="">
          <span class="hint" title={toast.value.words}>{toast.value.words}</span>
          {toast.value.undo && (
            <button title={`${words.actions.undo} (${keymap.value.undo})`} onClick={actions.undo}>{words.actions.undo}</button>
          )}
          {toast.value.ways.map((way) => (
            <button
              key={way.words} data-way={way.words}
              onClick={() => {
                tell(null);
                way.go();
              }}
            >
              {way.words}
            </button>
          ))}
        </span>
      ) : (
        <span class="quiet hint" data-begun={begun.value ? "" : undefined} title={words.toolHelp[toolName.value]}>
          {begun.value ? words.unfinished(toolName.value, keymap.value.finish, keymap.value.end) : words.toolHelp[toolName.value]}
        </span>
      )}
      <span class="quiet place">
        {at && `${at.x}, ${at.y} · `}
        {words.zoom(zoom.value)}
      </span>
    </footer>
  );
}
