/** The page that shows one image twice: under its labels or under runs, moved and zoomed together. */

export { Beside } from "./Beside";
export { LABELS, show } from "./state";
