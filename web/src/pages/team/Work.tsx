import { useEffect, useState } from "preact/hooks";
import { toPage } from "../../address";
import { api, type Work as Progress } from "../../api/client";
import { Bars } from "../../parts/charts/Bars";
import { Dialog } from "../../parts/Dialog";
import { Table } from "../../parts/Table";
import { dialog, message, project } from "../../store/project";
import { words } from "../../strings";
import { compare, current, layer, nextReview, work } from "../label";
import { assign } from "./assign";
import { People } from "./panels/People";

/** How far it is, who does what, what was saved, and how far people agree. */
export function Work() {
  const [found, setFound] = useState<Progress | null>(null);
  const [name, setName] = useState("");
  const [count, setCount] = useState(20);
  const [trouble, setTrouble] = useState("");
  const look = () => api.work().then(setFound, (error: Error) => (message.value = error.message));
  useEffect(() => void look(), []);
  const people = project.value?.people ?? [];
  const classes = new Map((project.value?.classes ?? []).map((declared) => [declared.id, declared.name]));
  const give = async (what: { count?: number; numbers?: number[] }, to: string | null) => {
    setTrouble("");
    try {
      message.value = words.assigned(await assign(to, what), to);
    } catch (error) {
      setTrouble((error as Error).message);
    }
    await look();
  };
  return (
    <Dialog title={words.actions.work}>
      <p>
        {words.workingOn}{" "}
        <select value={layer.value} aria-label={words.workingOn} data-layer={layer.value} onChange={(e) => void work(e.currentTarget.value as "shared" | "own")}>
          <option value="shared">{words.layers.shared}</option>
          <option value="own">{words.layers.own}</option>
        </select>
      </p>
      {!found ? <p role="status">{words.loading}</p> : (
        <>
          <p data-work="states">
            {Object.entries(found.states).map(([state, number]) => (
              <span key={state} class={`count ${state}`}>{`${number} ${words.states[state === "open" ? "none" : state] ?? state}`}</span>
            ))}
            <button disabled={!found.states.review} onClick={() => { if (nextReview()) dialog.value = ""; }}>{words.actions.nextReview}</button>
            <button data-page="team" title={words.pagesHelp.team} onClick={() => { dialog.value = ""; toPage("team"); }}>{words.pages.team}</button>
          </p>
          <p data-work="saved">{words.saved_(found.drawn, found.seconds_each ?? null, found.suggested, found.untouched, found.saved ?? null)}</p>
          {found.days.length > 1 && <Bars values={found.days} label={words.perDay} />}
          <h3>{words.people}</h3>
          <People found={found} />
          <div class="row">
            <input type="text" list="people" placeholder={words.who} aria-label={words.who} value={name} onInput={(e) => setName(e.currentTarget.value)} />
            <datalist id="people">{people.map((name) => <option key={name} value={name} />)}</datalist>
            <input type="number" min={1} aria-label={words.howMany} value={count} onInput={(e) => setCount(Number(e.currentTarget.value))} />
            <button data-action="assign" disabled={!name.trim() || count < 1} onClick={() => void give({ count }, name.trim())}>{words.assignOpen}</button>
            <button disabled={!name.trim() || current.value === null} onClick={() => void give({ numbers: [current.value!] }, name.trim())}>{words.assignThis}</button>
            <button disabled={current.value === null} onClick={() => void give({ numbers: [current.value!] }, null)}>{words.assignNobody}</button>
          </div>
          {trouble && <p role="alert">{trouble}</p>}
          <h3>{words.classes}</h3>
          <Table>
            {found.classes.map((row) => (
              <tr key={row.class_id}><td>{classes.get(row.class_id) ?? row.class_id}</td><td>{words.use(row.objects, row.images)}</td></tr>
            ))}
          </Table>
          <h3>{words.agreement}</h3>
          {!found.agreement.length && <p class="quiet">{words.noAgreement}</p>}
          {found.agreement.length > 0 && (
            <Table columns={words.agreementColumns}>
              {found.agreement.slice(0, 200).map((pair) => (
                <tr key={`${pair.number} ${pair.first} ${pair.second}`} data-agreement={pair.number}>
                  <td>{pair.key}</td><td>{`${pair.first ?? words.shared} / ${pair.second}`}</td>
                  <td>{pair.mean_iou == null ? "–" : pair.mean_iou.toFixed(3)}</td><td>{pair.f1 == null ? "–" : pair.f1.toFixed(3)}</td>
                  <td><button onClick={() => { dialog.value = ""; void compare(pair.number, pair.second); }}>{words.compare}</button></td>
                </tr>
              ))}
            </Table>
          )}
        </>
      )}
    </Dialog>
  );
}
