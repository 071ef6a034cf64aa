import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Ask, type Bars } from "../../../api/client";
import { NumberBars } from "../../../parts/charts/NumberBars";
import { WordBars } from "../../../parts/charts/WordBars";
import { words } from "../../../strings";
import { type Filter, isFor, type Owner, toggled, withFilter } from "../filters";
import { add, added, addedAsks, trouble } from "../store/added";
import { bars, columns, filters, idOf, known, objectColumns, opened, problem, regions, remove, show, typed, where } from "../store/state";

const text = words.explore;

/** A typed condition, saved views, and the columns, of which those that are opened show how often their values occur. */
export function Filters() {
  const all = known.value?.asks ?? [];
  const runs = [...new Set(all.flatMap((ask) => ask.run ?? []))];
  const groups: [string, Ask[]][] = [
    ...(["sample", "segment"] as const).map((owner) => [text.owners[owner], all.filter((ask) => ask.column.owner === owner && !ask.run)] as [string, Ask[]]),
    ...runs.map((run) => [text.ofRun(run), all.filter((ask) => ask.run === run)] as [string, Ask[]]),
  ];
  return (
    <nav class="filters" aria-label={words.filter}>
      <Condition />
      <Views />
      <Add />
      {groups.map(([name, own]) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          {own.map((ask) => <Column key={idOf(ask)} ask={ask} />)}
        </section>
      ))}
    </nav>
  );
}

/** What is typed counts a moment after the last key. */
function Condition() {
  const [draft, setDraft] = useState(typed.value);
  const wait = useRef<ReturnType<typeof setTimeout>>();
  // What is set elsewhere counts, and not what was typed before it.
  useEffect(() => {
    clearTimeout(wait.current);
    setDraft(typed.value);
  }, [typed.value]);
  useEffect(() => () => clearTimeout(wait.current), []);
  const type = (text: string) => {
    setDraft(text);
    clearTimeout(wait.current);
    wait.current = setTimeout(() => (typed.value = text.trim()), 400);
  };
  return (
    <>
      <label class="quiet" for="condition">{text.condition}</label>
      <textarea
        id="condition" rows={2} spellcheck={false} placeholder={text.conditionHelp} value={draft} aria-invalid={Boolean(problem.value)}
        onInput={(e) => type(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key !== "Enter" || e.shiftKey) return;
          e.preventDefault();
          typed.value = draft.trim();
        }}
      />
      {problem.value && <Problem words={problem.value} />}
    </>
  );
}

/** What is wrong, and below it what would be right. */
function Problem({ words: said }: { words: string }) {
  const [wrong, ...more] = said.split("\n");
  return (
    <div role="alert">
      <p class="problem">{wrong}</p>
      {more.map((line) => <p key={line} class="quiet">{line}</p>)}
    </div>
  );
}

/** A column that is computed, as it is typed; below the field what is wrong with it, and those that there are. */
function Add() {
  const [draft, setDraft] = useState("");
  const send = async () => {
    const wanted = draft.trim();
    if (!wanted || !(await add(wanted, show))) return;
    setDraft("");
    const ask = addedAsks.peek().find((ask) => ask.title === wanted);
    const shown = ask?.column.owner === "sample" ? columns : objectColumns;
    if (ask && !shown.peek().includes(ask.expression)) shown.value = [...shown.peek(), ask.expression];
  };
  return (
    <section aria-label={text.added}>
      <form class="add" onSubmit={(e) => { e.preventDefault(); void send(); }}>
        <label class="quiet" for="add-column">{text.add}</label>
        <input id="add-column" type="text" spellcheck={false} placeholder={text.addHelp} value={draft} aria-invalid={Boolean(trouble.value)} onInput={(e) => { setDraft(e.currentTarget.value); trouble.value = ""; }} />
        <button disabled={!draft.trim()}>{text.addIt}</button>
      </form>
      {trouble.value && <Problem words={trouble.value} />}
      {addedAsks.value.map((ask) => <Column key={idOf(ask)} ask={ask} />)}
    </section>
  );
}

function Views() {
  const [name, setName] = useState<string | null>(null);
  const views = known.value?.views ?? {};
  const shown = Object.keys(views).find((view) => typed.value === `view('${view.replaceAll("'", "''")}')`) ?? "";
  const put = (found: Promise<typeof views>) => void found.then((now) => (known.value = known.value && { ...known.value, views: now }), (error: Error) => (problem.value = error.message));
  return (
    <div class="views">
      <select aria-label={text.views} value={shown} onChange={(e) => {
        const view = e.currentTarget.value;
        filters.value = [];
        typed.value = view && `view('${view.replaceAll("'", "''")}')`;
      }}>
        <option value="">{text.noView}</option>
        {Object.keys(views).map((view) => <option key={view} value={view}>{view}</option>)}
      </select>
      {shown && <button aria-label={text.dropView(shown)} title={text.dropView(shown)} onClick={() => { put(api.dropView(shown)); typed.value = ""; }}>×</button>}
      {name === null ? (
        <button disabled={!where.value.length || Boolean(shown) || regions.value.length > 0} title={regions.value.length ? text.plots.notInViews : undefined} onClick={() => setName("")}>{text.saveView}</button>
      ) : (
        <form class="row" onSubmit={(e) => { e.preventDefault(); if (name.trim()) put(api.saveView(name.trim(), where.value)); setName(null); }}>
          <input type="text" aria-label={text.viewName} placeholder={text.viewName} value={name} autofocus onInput={(e) => setName(e.currentTarget.value)} />
          <button>{words.save}</button>
        </form>
      )}
    </div>
  );
}

function Column({ ask }: { ask: Ask }) {
  const id = idOf(ask);
  const owner = ask.column.owner as Owner;
  const open = opened.value.includes(id);
  const found = bars.value.get(id);
  const filter = filters.value.find((other) => isFor(other, ask.expression, owner));
  const unit = ask.column.unit ? ` ${ask.column.unit}` : "";
  return (
    <details class="column" open={open} data-column={id} onToggle={(e) => {
      const now = e.currentTarget.open;
      if (now !== opened.peek().includes(id)) opened.value = now ? [...opened.peek(), id] : opened.peek().filter((other) => other !== id);
    }}>
      <summary title={ask.column.description || undefined}>
        {ask.title}<span class="quiet">{unit}</span>
        {added.value.includes(ask.title) && ask.column.expression && <button class="clear" aria-label={text.remove(ask.title)} title={text.remove(ask.title)} onClick={(e) => { e.preventDefault(); remove(ask); }}>{text.removeIt}</button>}
        {filter && <button class="clear" aria-label={`${words.explore.clear}: ${ask.title}`} onClick={(e) => { e.preventDefault(); filters.value = withFilter(filters.value, { expression: ask.expression, owner }); }}>×</button>}
      </summary>
      {open && found && <Shown ask={ask} owner={owner} found={found} filter={filter} />}
    </details>
  );
}

function Shown({ ask, owner, found, filter }: { ask: Ask; owner: Owner; found: Bars; filter: Filter | undefined }) {
  const { expression, title } = ask;
  if (found.problem) return <p class="quiet">{found.problem}</p>;
  const set = (range: Filter["range"]) =>
    (filters.value = withFilter(filters.value, { expression, owner, range, missing: filter?.missing, ...(ask.column.kind === "bool" && { truth: true }) }));
  const missing = found.missing > 0 && (
    <button class="missing" aria-pressed={Boolean(filter?.missing)} onClick={() => (filters.value = toggled(filters.value, expression, owner, null))}>
      {`${text.missing}: ${found.missing.toLocaleString("en")}`}
    </button>
  );
  if (found.words.length) {
    return (
      <>
        <WordBars words={found.words} all={found.all} chosen={found.chosen} pressed={filter?.words ?? []} label={title} press={(word) => (filters.value = toggled(filters.value, expression, owner, word))} />
        {found.others > 0 && <p class="quiet">{text.others(found.others)}</p>}
        {missing}
      </>
    );
  }
  if (!found.edges.length) return <>{!missing && <p class="quiet">{text.noBars}</p>}{missing}</>;
  if (ask.column.kind === "bool") {
    const values = found.edges.slice(0, -1);
    const said = (value: number) => (value ? words.yes : words.no);
    const pressed = values.filter((value) => filter?.range && value >= filter.range[0] && value < filter.range[1]).map(said);
    const press = (word: string) => {
      const value = word === words.yes ? 1 : 0;
      set(pressed.includes(word) ? undefined : [value, value + 1, false]);
    };
    return (
      <>
        <WordBars words={values.map(said)} all={found.all} chosen={found.chosen} pressed={pressed} label={title} press={press} />
        {missing}
      </>
    );
  }
  const [low, high] = [found.edges[0], found.edges[found.edges.length - 1]];
  const last = found.whole ? high - 1 : high;
  const [from, to] = filter?.range ? [filter.range[0], filter.range[2] ? filter.range[1] : found.whole ? filter.range[1] - 1 : filter.range[1]] : [low, last];
  const typedRange = (first: number, end: number) => set(Number.isFinite(first) && Number.isFinite(end) && (first > low || end < last) ? [first, found.whole ? end + 1 : end, !found.whole] : undefined);
  return (
    <>
      <NumberBars
        edges={found.edges} all={found.all} chosen={found.chosen} range={filter?.range ? [filter.range[0], filter.range[1]] : null} label={title}
        sweep={(swept) => set(swept ? [found.edges[swept[0]], found.edges[swept[1]], swept[1] === found.all.length && !found.whole] : undefined)}
      />
      <div class="range">
        <input type="number" step="any" aria-label={text.low(title)} value={short(from)} onChange={(e) => typedRange(e.currentTarget.valueAsNumber, to)} />
        <span class="quiet">{text.to}</span>
        <input type="number" step="any" aria-label={text.high(title)} value={short(to)} onChange={(e) => typedRange(from, e.currentTarget.valueAsNumber)} />
      </div>
      {missing}
    </>
  );
}

/** In as many digits as people read. */
const short = (value: number): number => Number(value.toPrecision(6));
