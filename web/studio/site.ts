/** The table of the site, `site.json`, which `stylize export-web` writes. */
import type { Controls } from "../engine/index.ts";
import { fetchFile } from "../engine/download.ts";

export interface SiteStyle {
  readonly name: string;
  readonly title: string;
  readonly artist: string;
  readonly year: string;
  readonly tags: readonly string[];
  /** Address of its picture. */
  readonly thumb: string;
}

export interface Site {
  readonly version: string;
  readonly encoder_sha256: string;
  readonly vectors: string;
  readonly styles: readonly SiteStyle[];
  readonly examples: readonly { readonly name: string; readonly title: string; readonly picture: string; readonly thumb: string }[];
  readonly first_styles: readonly string[];
  readonly presets: Readonly<Record<string, Partial<Controls>>>;
  readonly controls: readonly object[];
  readonly kids_styles: readonly string[];
  readonly freedoms: Readonly<Record<string, Partial<Controls>>>;
  /** Whether the server takes what children hand in. */
  readonly wall: boolean;
  /** Address of the page for which the server paints; empty where there is none. */
  readonly server: string;
  readonly files: readonly string[];
}

export const address = (name: string): string => new URL(name, document.baseURI).href;

/** Fetch the table. */
export async function readSite(): Promise<Site> {
  return JSON.parse(new TextDecoder().decode(await fetchFile(address("site.json"), "no-cache"))) as Site;
}

/** Fetch the vectors of all styles, in the order of the table. */
export async function readVectors(site: Site): Promise<Float32Array<ArrayBuffer>[]> {
  const bytes = await fetchFile(address(site.vectors));
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const length = values.length / site.styles.length;
  return site.styles.map((_, index) => values.slice(index * length, (index + 1) * length));
}
