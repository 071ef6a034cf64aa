import { useState } from "preact/hooks";
import { api, type ChangingObjects } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { Table } from "../../../parts/Table";
import { message, project } from "../../../store/project";
import { words } from "../../../strings";
import { again, known, layers, picked, pickNone } from "../store/state";
import { shownValue } from "../values";

const text = words.explore;

/** What is done: values of images, or something with their objects. */
type What = "values" | ChangingObjects["what"];
const WHATS: readonly What[] = ["values", "set", "accept", "delete", "delete images"];

/** What a change would do, or did: a sentence, whether it is anything, and the first rows. */
interface Found {
  said: string;
  number: number;
  rows: { name: string; before: string; after: string }[];
  more: number;
  revision: number;
}

/** Change the images that are picked or their objects, after a look at what that changes. */
export function Change({ close }: { close: () => void }) {
  const asks = (known.value?.asks ?? []).filter((ask) => ask.settable);
  const predicting = (known.value?.runs ?? []).filter((run) => run.predicts && run.status !== "running");
  const classes = (project.value?.classes ?? []).map(({ name }) => name);
  const [what, setWhat] = useState<What>("values");
  const [column, setColumn] = useState("");
  const [value, setValue] = useState("");
  const [segments, setSegments] = useState("");
  const [run, setRun] = useState(layers.value.run ?? predicting[0]?.id ?? "");
  const [replace, setReplace] = useState(false);
  const [only, setOnly] = useState("");
  const [least, setLeast] = useState("");
  const [why, setWhy] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [trouble, setTrouble] = useState("");
  const settable = asks.filter((ask) => ask.column.owner === (what === "set" ? "segment" : "sample"));
  const ask = settable.find(({ title }) => title === column) ?? settable[0];
  const classy = what === "set" && ask?.title === "class";
  const choices = classy ? classes : ask?.column.kind === "bool" ? ["yes", "no"] : (ask?.column.values ?? []);
  const given = classy && !classes.includes(value) ? (classes[0] ?? "") : value;
  /** What was looked at is not what is wished any more. */
  const edit = <T,>(set: (next: T) => void) => (next: T) => {
    set(next);
    setFound(null);
    setTrouble("");
  };
  const pickWhat = edit((next: What) => {
    setWhat(next);
    setColumn("");
    setValue("");
  });
  const request = async (dry: boolean): Promise<Found> => {
    const common = { numbers: [...picked.value], message: why, dry_run: dry };
    if (what === "values") {
      const done = await api.change({ where: [], values: { [ask?.title ?? ""]: value }, ...common });
      const rows = done.first.map((row) => ({ name: row.key, before: shownValue(Object.values(row.before)[0]), after: shownValue(Object.values(row.after)[0]) }));
      return { said: text.changes(done.changed, done.matched), number: done.changed, rows, more: done.changed - rows.length, revision: done.revision };
    }
    const name = ask?.column.built_in ? ask.title : `attributes.${ask?.title}`;
    const done = await api.changeObjects({
      what, segments: what === "accept" ? "" : segments, values: what === "set" ? { [name]: given } : {}, run: what === "accept" ? run : null, replace,
      classes: what === "accept" && only ? [only] : null, least_score: what === "accept" && least ? Number(least) : null, ...common,
    });
    const rows = done.first.map((row) => ({
      name: row.segment === null ? row.key : text.objectOf(row.key, row.segment), before: told(row.before), after: told(row.after),
    }));
    const all = what === "delete images" ? done.samples : done.added + done.changed + done.removed;
    return { said: text.objectChanges(done), number: done.samples, rows, more: all - rows.length, revision: done.revision };
  };
  const send = async (dry: boolean) => {
    try {
      const done = await request(dry);
      if (dry) return setFound(done);
      if (what === "delete images") pickNone();
      close();
      message.value = text.changed(done.number, done.revision);
      await again();
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  const possible = (kind: What) => kind !== "accept" || predicting.length > 0;
  return (
    <Dialog title={text.changing(picked.value.size)} close={close} wide>
      <form onSubmit={(e) => { e.preventDefault(); void send(!found?.number); }}>
        <fieldset class="whats">
          <legend>{text.whatToDo}</legend>
          {WHATS.filter(possible).map((kind) => (
            <label key={kind}><input type="radio" name="what" checked={what === kind} onChange={() => pickWhat(kind)} />{text.whats[kind]}</label>
          ))}
        </fieldset>
        <p class="quiet">{text.whatsHelp[what]}</p>
        <div class="wishes">
          {(what === "set" || what === "delete") && (
            <label>{text.whichObjects}
              <input type="text" value={segments} placeholder={text.conditionHelp} title={text.allObjects} onInput={(e) => edit(setSegments)(e.currentTarget.value)} />
            </label>
          )}
          {(what === "values" || what === "set") && (
            <>
              <label>{text.column}
                <select value={ask?.title ?? ""} onChange={(e) => { edit(setColumn)(e.currentTarget.value); setValue(""); }}>
                  {settable.map((choice) => <option key={choice.title} value={choice.title}>{choice.title}</option>)}
                </select>
              </label>
              <label>{text.value}
                {choices.length ? (
                  <select value={given} onChange={(e) => edit(setValue)(e.currentTarget.value)}>
                    {!classy && <option value="">{words.noValue}</option>}
                    {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
                  </select>
                ) : (
                  <input type="text" value={value} title={text.takeAway} placeholder={text.takeAway} onInput={(e) => edit(setValue)(e.currentTarget.value)} />
                )}
              </label>
            </>
          )}
          {what === "accept" && (
            <>
              <label>{text.run}
                <select value={run} onChange={(e) => edit(setRun)(e.currentTarget.value)}>
                  {predicting.map(({ id }) => <option key={id} value={id}>{id}</option>)}
                </select>
              </label>
              <label>{text.how}
                <select value={replace ? "replace" : "beside"} onChange={(e) => edit(setReplace)(e.currentTarget.value === "replace")}>
                  <option value="beside">{text.beside}</option>
                  <option value="replace">{text.inPlace}</option>
                </select>
              </label>
              <label>{text.onlyClass}
                <select value={only} onChange={(e) => edit(setOnly)(e.currentTarget.value)}>
                  <option value="">{text.allClasses}</option>
                  {classes.map((name) => <option key={name} value={name}>{name}</option>)}
                </select>
              </label>
              <label>{text.leastScore}
                <input type="number" min="0" max="1" step="any" value={least} placeholder="0.5" onInput={(e) => edit(setLeast)(e.currentTarget.value)} />
              </label>
            </>
          )}
          <label>{text.message}<input type="text" value={why} placeholder={text.messageSample} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
        </div>
        {trouble && <p role="alert" class="problem">{trouble}</p>}
        {found && (
          <div data-changes={found.number} role="status">
            <p>{found.said}</p>
            {found.rows.length > 0 && (
              <Table columns={[text.key, text.before, text.after]}>
                {found.rows.map((row, place) => (
                  <tr key={place}><td>{row.name}</td><td class="removed">{row.before}</td><td class="added">{row.after}</td></tr>
                ))}
              </Table>
            )}
            {found.more > 0 && <p class="quiet">{text.andMore(found.more)}</p>}
          </div>
        )}
        <button class="primary">{!found?.number ? text.preview : what === "delete images" ? text.applyDelete(found.number) : text.apply(found.number)}</button>
      </form>
    </Dialog>
  );
}

/** An object's values in a cell. */
function told(values: Record<string, unknown> | null): string {
  if (!values) return words.noValue;
  const parts = Object.entries(values).filter(([, value]) => value !== null);
  if (parts.length <= 1) return shownValue(parts[0]?.[1]);
  return parts.map(([name, value]) => `${name} ${shownValue(value)}`).join(", ");
}
