/** Addresses within the studio: `#12?show=open&name=p` is the label page with image 12 and its list, `#/team` the page that is called team. */

import { signal } from "@preact/signals";

export interface Address {
  page: string;
  /** The image that is open, by its number. */
  image: number | null;
  /** Which images the list shows, and which part of their names. */
  show: string;
  name: string;
}

export const ALL = "all";

/** Of the part behind `#`, without it. */
export function parse(hash: string): Address {
  if (hash.startsWith("/")) return { page: hash.slice(1), image: null, show: ALL, name: "" };
  const [number, query = ""] = hash.split(/\?(.*)/s);
  const image = Number(number);
  const given = new URLSearchParams(query);
  return { page: "label", image: number !== "" && Number.isInteger(image) ? image : null, show: given.get("show") || ALL, name: given.get("name") ?? "" };
}

export function format({ page, image, show, name }: Address): string {
  if (page !== "label") return `/${page}`;
  const query = new URLSearchParams({ ...(show !== ALL && { show }), ...(name && { name }) }).toString();
  return `${image ?? ""}${query && `?${query}`}`;
}

/** Where the person is. */
export const address = signal<Address>(parse(""));

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
