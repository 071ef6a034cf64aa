import { useEffect, useState } from "preact/hooks";
import { api, type PlannedTraining, type Trainable, type Wished } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { Table } from "../../../parts/Table";
import { words } from "../../../strings";
import { begun } from "../state";

const text = words.runs.training;
const NOTHING: Wished = { name: "", minutes: "", epochs: "", model: "", lines: "" };

/** A training: what is wished of it, the plan around that, and its beginning. What is refused is said at its field. */
export function Train({ close }: { close: () => void }) {
  const [wished, setWished] = useState(NOTHING);
  const [choices, setChoices] = useState<Trainable | null>(null);
  const [plan, setPlan] = useState<PlannedTraining | null>(null);
  const [waits, setWaits] = useState(false);
  const [trouble, setTrouble] = useState("");
  useEffect(() => void api.trainable().then(setChoices, (error: Error) => setTrouble(error.message)), []);
  const refused = (field: string) => plan?.refused.find((wrong) => wrong.field === field)?.words ?? "";
  const change = (field: keyof Wished, value: string) => {
    setWished({ ...wished, [field]: value });
    setPlan(null);
    setTrouble("");
  };
  /** Ask for the plan; with `start` it is trained where nothing is wrong with it. */
  const ask = async (start: boolean) => {
    setWaits(true);
    setTrouble("");
    try {
      const found = await api.planTraining(wished);
      setPlan(found);
      if (start && !found.refused.length) {
        const { run } = await api.train(wished);
        await begun(run);
        close();
      }
    } catch (error) {
      setTrouble((error as Error).message);
    }
    setWaits(false);
  };
  const field = (name: "name" | "minutes" | "epochs" | "model", label: string, help: string) => (
    <label>
      {label}
      <input type="text" name={name} value={wished[name]} placeholder={help} list={name === "model" ? "models" : undefined} aria-invalid={!!refused(name)} aria-describedby={refused(name) ? `wrong-${name}` : undefined} onInput={(e) => change(name, e.currentTarget.value)} />
      <Wrong field={name} words={refused(name)} />
    </label>
  );
  return (
    <Dialog title={text.title} wide close={close}>
      <p class="quiet">{text.lead}</p>
      <form class="train" onSubmit={(e) => { e.preventDefault(); void ask(false); }}>
        <div class="wishes">
          {field("name", text.name, text.nameHelp)}
          {field("model", text.model, text.modelHelp)}
          {field("minutes", text.minutes, text.minutesHelp)}
          {field("epochs", text.epochs, text.epochsHelp)}
          <datalist id="models">{choices?.models.map((name) => <option key={name} value={name} />)}</datalist>
        </div>
        <label>
          {text.lines}
          <textarea rows={4} name="lines" spellcheck={false} value={wished.lines} placeholder={text.linesHelp} aria-invalid={!!refused("lines")} aria-describedby={refused("lines") ? "wrong-lines" : undefined} onInput={(e) => change("lines", e.currentTarget.value)} />
          <Wrong field="lines" words={refused("lines")} />
        </label>
        <Wrong field="plan" words={refused("plan") || trouble} />
        <div class="row">
          <button type="submit" disabled={waits}>{text.plan}</button>
          <button type="button" class="main" data-action="start" disabled={waits || !choices?.possible} onClick={() => void ask(true)}>{text.start}</button>
          {waits && <span class="quiet" role="status">{text.planning}</span>}
        </div>
      </form>
      {plan && !plan.refused.length && (
        <section class="plan" aria-label={text.plan}>
          <p>{text.planned(plan.training, plan.validation)}</p>
          <Table columns={text.columns}>
            {plan.lines.map(([name, value, reason]) => <tr key={name} data-setting={name}><td>{name}</td><td>{value}</td><td class="quiet">{reason}</td></tr>)}
          </Table>
        </section>
      )}
    </Dialog>
  );
}

const Wrong = ({ field, words }: { field: string; words: string }) => (words ? <span class="problem" role="alert" id={`wrong-${field}`} data-wrong={field}>{words}</span> : null);
