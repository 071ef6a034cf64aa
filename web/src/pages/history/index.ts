/** The history page: revisions, what is different between two of them, and going back. */

export { History } from "./History";
