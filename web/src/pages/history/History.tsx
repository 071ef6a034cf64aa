import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { goTo, toPage } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { Pages } from "../../parts/Pages";
import { message } from "../../store/project";
import { words } from "../../strings";
import { against, chosen, follow, found, more, name, older, pick, restore, revisions, runs } from "./state";

const text = words.historyPage;
const counted = (summary: Record<string, number>) => Object.entries(summary).map(([what, number]) => `${number.toLocaleString("en")} ${what}`).join(", ");

/** The dataset's revisions, and what is different between one and the one before it, or another. `children`: dialogs of other pages. */
export function History({ children }: { children?: ComponentChildren }) {
  useEffect(follow, []);
  return (
    <div class="studio explore history">
      <header>
        <h1>{text.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <Pages here="history" />
      </header>
      <nav class="filters" aria-label={text.title}>
        <p class="quiet">{text.help}</p>
        <ul class="revisions">
          {revisions.value.map((revision) => (
            <li key={revision.id} data-revision={revision.id} class={`${revision.id === chosen.value ? "chosen" : ""}${revision.id === against.value ? " against" : ""}`}>
              <button aria-pressed={revision.id === chosen.value} onClick={(e) => pick(revision.id, e.shiftKey)}>
                <span class="number">{revision.id}</span>
                <strong title={revision.message}>{revision.message}</strong>
                {revision.tags.map((tag) => <span key={tag} class="tag">{tag}</span>)}
                <span class="quiet">{`${revision.created.slice(0, 16).replace("T", " ")} · ${revision.author}`}</span>
              </button>
            </li>
          ))}
        </ul>
        {more.value && revisions.value.length > 0 && <button onClick={() => void older()}>{text.older}</button>}
      </nav>
      <main><Chosen /></main>
      {children}
    </div>
  );
}

function Chosen() {
  const [tag, setTag] = useState("");
  const [asking, setAsking] = useState(false);
  const revision = revisions.value.find((row) => row.id === chosen.value);
  if (chosen.value === null) return <p class="empty">{text.none}</p>;
  const saw = runs.value.filter((run) => run.revision === chosen.value);
  const newest = revisions.value[0]?.id;
  return (
    <div class="report">
      <section class="said" aria-label={text.revision(chosen.value)}>
        <h2>{text.revision(chosen.value)}</h2>
        {revision && <p>{revision.message}</p>}
        {revision && <p class="quiet">{[revision.created.slice(0, 16).replace("T", " "), revision.author, counted(revision.summary)].filter(Boolean).join(" · ")}</p>}
        {saw.length > 0 && <p>{text.saw} {saw.map((run) => <button key={run.id} onClick={() => toPage("runs", new URLSearchParams({ run: run.id }).toString())}>{run.id}</button>)}</p>}
        <form class="row" onSubmit={(e) => { e.preventDefault(); if (tag.trim()) void name(chosen.value!, tag.trim()).then((done) => done && setTag("")); }}>
          <input type="text" aria-label={text.tag} placeholder={text.tag} value={tag} onInput={(e) => setTag(e.currentTarget.value)} />
          <button disabled={!tag.trim()}>{text.name}</button>
          {chosen.value !== newest && <button type="button" onClick={() => setAsking(true)}>{text.restore}</button>}
        </form>
      </section>
      <Different />
      {asking && (
        <Dialog title={text.restore} close={() => setAsking(false)} closing={words.cancel}>
          <p>{text.restoring(chosen.value)}</p>
          <button class="primary" onClick={() => { setAsking(false); void restore(chosen.value!); }}>{text.restore}</button>
        </Dialog>
      )}
    </div>
  );
}

function Different() {
  const told = found.value;
  if (!told) return chosen.value !== null && chosen.value > 1 ? <p role="status">{words.loading}</p> : <p class="quiet">{text.first}</p>;
  return (
    <section aria-label={text.between(told.old, told.new)}>
      <h2>{text.between(told.old, told.new)}</h2>
      <p class="quiet" data-different={told.total}>{told.total ? text.images(told.total, told.images.length) : told.others.length ? "" : text.alike}</p>
      {told.others.length > 0 && <ul>{told.others.map((line) => <li key={line}>{line}</li>)}</ul>}
      <div class="differences">
        {told.images.map((image) => (
          <button key={image.number} class="cell" data-image={image.number} title={image.key} onClick={() => goTo({ page: "label", image: image.number, show: "all", name: "", query: "" })}>
            <span class="thumbnail">
              <img src={`/api/images/${image.number}/thumbnail`} alt={image.key} loading="lazy" />
              <img src={`/api/images/${image.number}/difference?old=${told.old}&new=${told.new}`} alt="" loading="lazy" />
            </span>
            <span class="key">{image.key}</span>
            <span class="value">
              {image.what !== "changed" && <strong>{text.what[image.what]} </strong>}
              {image.added > 0 && <span class="added">+{image.added} </span>}{image.removed > 0 && <span class="removed">−{image.removed} </span>}{image.changed > 0 && <span>~{image.changed} </span>}
              {image.pixels > 0 && <span class="quiet">{text.pixels(image.pixels)}</span>}
            </span>
            {image.values.slice(0, 2).map(([column, was, now]) => <span key={column} class="value"><span class="quiet">{column}</span> {said(was)} → {said(now)}</span>)}
          </button>
        ))}
      </div>
    </section>
  );
}

const said = (value: unknown): string => (value === null || value === undefined ? words.noValue : typeof value === "object" ? JSON.stringify(value) : String(value));
