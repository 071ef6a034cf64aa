/** The work of people: at a glance over the label page, and as a page. */

export { Team } from "./Team";
export { Work } from "./Work";
