import { useEffect } from "preact/hooks";
import type { ComponentChildren, ComponentType } from "preact";
import { address } from "./address";
import { Beside } from "./pages/beside";
import { Explore } from "./pages/explore";
import { History } from "./pages/history";
import { Label } from "./pages/label";
import { Map } from "./pages/map";
import { Runs } from "./pages/runs";
import { Team, Work } from "./pages/team";
import { dialog } from "./store/project";

interface Page {
  /** In the address, `#/name`. */
  name: string;
  /** What it shows. `children` are dialogs over it, to be put where its own are. */
  View: ComponentType<{ children?: ComponentChildren }>;
  /** Shown as a dialog over the page that is open; `dialog` holds its name while it is. */
  over?: true;
}

/** All pages. The first is shown where an address names none. */
const PAGES: readonly Page[] = [
  { name: "label", View: Label },
  { name: "explore", View: Explore },
  { name: "beside", View: Beside },
  { name: "map", View: Map },
  { name: "runs", View: Runs },
  { name: "history", View: History },
  { name: "team", View: Team },
  { name: "work", View: Work, over: true },
];

/** The page that the address names, and what lies over it. */
export function Router() {
  const named = PAGES.find((page) => page.name === address.value.page);
  const { View } = named && !named.over ? named : PAGES[0];
  const over = PAGES.find((page) => page.over && page.name === dialog.value);
  useEffect(() => {
    if (named?.over) dialog.value = named.name;
  }, [named]);
  return <View>{over && <over.View />}</View>;
}
