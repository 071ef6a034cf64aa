import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { api, type Work } from "../../api/client";
import { Pages } from "../../parts/Pages";
import { Table } from "../../parts/Table";
import { message, project, reload } from "../../store/project";
import { words } from "../../strings";
import { assign } from "./assign";
import { Days } from "./panels/Days";
import { Disagreements } from "./panels/Disagreements";
import { People } from "./panels/People";

const text = words.teamPage;

/** Who does what, how much of it day by day, what it cost and saved, and where people disagree. `children`: dialogs of other pages. */
export function Team({ children }: { children?: ComponentChildren }) {
  const [found, setFound] = useState<Work | null>(null);
  const look = () => api.work().then(setFound, (error: Error) => (message.value = error.message));
  useEffect(() => {
    if (!project.value) void reload().catch((error: Error) => (message.value = error.message));
    void look();
  }, []);
  const classes = new Map((project.value?.classes ?? []).map((declared) => [declared.id, declared.name]));
  return (
    <div class="studio explore team">
      <header>
        <h1>{text.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <Pages here="team" />
      </header>
      <nav class="filters" aria-label={text.title}>
        {found && (
          <>
            <ul data-work="states">
              {Object.entries(found.states).map(([state, number]) => (
                <li key={state}><span class={`count ${state}`}>{`${number} ${words.states[state === "open" ? "none" : state] ?? state}`}</span></li>
              ))}
            </ul>
            <p data-work="saved">{words.saved_(found.drawn, found.seconds_each ?? null, found.suggested, found.untouched, found.saved ?? null)}</p>
            <Giving done={look} />
            <h2>{words.classes}</h2>
            <Table>
              {found.classes.map((row) => <tr key={row.class_id}><td>{classes.get(row.class_id) ?? row.class_id}</td><td>{words.use(row.objects, row.images)}</td></tr>)}
            </Table>
          </>
        )}
      </nav>
      <main>
        {!found ? <p class="empty" role="status">{words.loading}</p> : (
          <div class="report">
            <section aria-label={words.people}>
              <h2>{words.people}</h2>
              <People found={found} />
            </section>
            <Days effort={found.effort} />
            <Disagreements found={found} />
          </div>
        )}
      </main>
      {children}
    </div>
  );
}

/** Open images that are nobody's become somebody's. */
function Giving({ done }: { done: () => Promise<unknown> }) {
  const [name, setName] = useState("");
  const [count, setCount] = useState(20);
  const [trouble, setTrouble] = useState("");
  const give = async () => {
    setTrouble("");
    try {
      message.value = words.assigned(await assign(name.trim(), { count }), name.trim());
    } catch (error) {
      setTrouble((error as Error).message);
    }
    await done();
  };
  return (
    <form class="giving" onSubmit={(e) => { e.preventDefault(); void give(); }}>
      <h2>{text.give}</h2>
      <input type="text" list="people" placeholder={words.who} aria-label={words.who} value={name} onInput={(e) => setName(e.currentTarget.value)} />
      <datalist id="people">{(project.value?.people ?? []).map((known) => <option key={known} value={known} />)}</datalist>
      <input type="number" min={1} aria-label={words.howMany} value={count} onInput={(e) => setCount(Number(e.currentTarget.value))} />
      <button data-action="assign" disabled={!name.trim() || count < 1}>{words.assignOpen}</button>
      {trouble && <p role="alert">{trouble}</p>}
    </form>
  );
}
