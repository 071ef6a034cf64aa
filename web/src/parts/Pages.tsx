import { toPage } from "../address";
import { words } from "../strings";

const NAMES = ["label", "explore", "map", "runs", "history", "team"] as const;

/** The ways from a page to the others. `without`: those that it leads to in another place. */
export function Pages({ here, without = [] }: { here: string; without?: readonly string[] }) {
  return (
    <>
      {NAMES.filter((name) => name !== here && !without.includes(name)).map((name) => <button key={name} data-page={name} title={words.pagesHelp[name]} onClick={() => toPage(name)}>{words.pages[name]}</button>)}
    </>
  );
}
