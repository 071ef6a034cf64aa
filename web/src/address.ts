/** Addresses within the studio: `#12` is the label page with image 12, `#/team` the page that is called team. */

import { signal } from "@preact/signals";

export interface Address {
  page: string;
  /** The image that is open, by its number. */
  image: number | null;
}

/** Of the part behind `#`, without it. */
export function parse(hash: string): Address {
  if (hash.startsWith("/")) return { page: hash.slice(1), image: null };
  const image = Number(hash);
  return { page: "label", image: hash !== "" && Number.isInteger(image) ? image : null };
}

export function format({ page, image }: Address): string {
  return page === "label" ? String(image ?? "") : `/${page}`;
}

/** Where the person is. */
export const address = signal<Address>({ page: "label", image: null });

/** Begin with the address that the browser shows, and follow it. */
export function follow(): void {
  const look = () => (address.value = parse(location.hash.slice(1)));
  window.addEventListener("hashchange", look);
  look();
}

/** passing: the browser's way back does not lead here. */
export function goTo(to: Address, passing = false): void {
  address.value = to;
  if (passing) history.replaceState(null, "", `#${format(to)}`);
  else location.hash = format(to);
}
