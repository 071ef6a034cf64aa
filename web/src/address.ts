/** Addresses within the studio: `#12?show=open&name=p` is the label page with image 12 and its list, `#/explore?run=a` the page that is called explore, and what it shows. */

import { signal } from "@preact/signals";

export interface Address {
  page: string;
  /** The image that is open, by its number. */
  image: number | null;
  /** Which images the list shows, and which part of their names. */
  show: string;
  name: string;
  /** The object of the image that is chosen when it opens, by its id. */
  object?: number;
  /** What another page than the label page shows, as it writes it. */
  query: string;
}

export const ALL = "all";

/** Of the part behind `#`, without it. */
export function parse(hash: string): Address {
  const [number, query = ""] = hash.split(/\?(.*)/s);
  if (hash.startsWith("/")) return { page: number.slice(1), image: null, show: ALL, name: "", query };
  const image = Number(number);
  const given = new URLSearchParams(query);
  const object = Number(given.get("object") || NaN);
  return {
    page: "label", image: number !== "" && Number.isInteger(image) ? image : null, show: given.get("show") || ALL, name: given.get("name") ?? "", ...(Number.isInteger(object) && { object }),
    query: "",
  };
}

export function format({ page, image, show, name, object, query: more }: Address): string {
  if (page !== "label") return `/${page}${more && `?${more}`}`;
  const query = new URLSearchParams({ ...(show !== ALL && { show }), ...(name && { name }), ...(object !== undefined && { object: String(object) }) }).toString();
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

/** Another page, with what it shows. */
export const toPage = (page: string, query = "", passing = false): void => goTo({ page, image: null, show: ALL, name: "", query }, passing);

/** passing: the browser's way back does not lead here. */
export function goTo(to: Address, passing = false): void {
  address.value = to;
  if (passing) history.replaceState(null, "", `#${format(to)}`);
  else location.hash = format(to);
}
