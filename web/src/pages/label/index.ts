/** The label page, and what other pages may ask of it. */

export { Import } from "./dialogs/Files";
export { Label } from "./Label";
export { compare, compareThere } from "./store/comparing";
export { work } from "./store/images";
export { current, layer } from "./store/state";
export { nextReview } from "./store/states";
