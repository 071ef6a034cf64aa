import { useState } from "preact/hooks";
import { api, type Changes } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { Table } from "../../../parts/Table";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { again, known, picked } from "../store/state";
import { shownValue } from "../values";

const text = words.explore;

/** Give the images that are picked a value, after a look at what that changes. */
export function Change({ close }: { close: () => void }) {
  const settable = (known.value?.asks ?? []).filter((ask) => ask.settable);
  const [column, setColumn] = useState(settable[0]?.title ?? "");
  const [value, setValue] = useState("");
  const [what, setWhat] = useState("");
  const [found, setFound] = useState<Changes | null>(null);
  const [trouble, setTrouble] = useState("");
  const ask = settable.find((known) => known.title === column);
  const choices = ask?.column.kind === "bool" ? ["yes", "no"] : (ask?.column.values ?? []);
  const edited = () => {
    setFound(null);
    setTrouble("");
  };
  const send = async (dry: boolean) => {
    try {
      const done = await api.change({ where: [], numbers: [...picked.value], values: { [column]: value }, message: what, dry_run: dry });
      if (dry) return setFound(done);
      close();
      message.value = text.changed(done.changed, done.revision);
      await again();
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  return (
    <Dialog title={text.changing(picked.value.size)} close={close} wide>
      <form onSubmit={(e) => { e.preventDefault(); void send(!found?.changed); }}>
        <div class="wishes">
          <label>{text.column}
            <select value={column} onChange={(e) => { setColumn(e.currentTarget.value); edited(); }}>
              {settable.map((choice) => <option key={choice.title} value={choice.title}>{choice.title}</option>)}
            </select>
          </label>
          <label>{text.value}
            {choices.length ? (
              <select value={value} onChange={(e) => { setValue(e.currentTarget.value); edited(); }}>
                <option value="">{words.noValue}</option>
                {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
              </select>
            ) : (
              <input type="text" value={value} title={text.takeAway} placeholder={text.takeAway} onInput={(e) => { setValue(e.currentTarget.value); edited(); }} />
            )}
          </label>
          <label>{text.message}<input type="text" value={what} placeholder={text.messageSample} onInput={(e) => setWhat(e.currentTarget.value)} /></label>
        </div>
        {trouble && <p role="alert" class="problem">{trouble}</p>}
        {found && (
          <div data-changes={found.changed}>
            <p>{text.changes(found.changed, found.matched)}</p>
            <Table columns={[text.key, column, ""]}>
              {found.first.map((row) => (
                <tr key={row.key}>
                  <td>{row.key}</td><td class="removed">{shownValue(Object.values(row.before)[0])}</td><td class="added">{shownValue(Object.values(row.after)[0])}</td>
                </tr>
              ))}
            </Table>
            {found.changed > found.first.length && <p class="quiet">{text.andMore(found.changed - found.first.length)}</p>}
          </div>
        )}
        <button class="primary">{found?.changed ? text.apply(found.changed) : text.preview}</button>
      </form>
    </Dialog>
  );
}
