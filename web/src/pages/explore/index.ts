/** The explore page: all images at once, by their values. */

export { Explore } from "./Explore";
