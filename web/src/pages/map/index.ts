/** Points for samples or segments that look alike. */

export { Map } from "./Map";
