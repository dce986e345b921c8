/** The styles of the site and the visitor's own: what the gallery shows and what paints. */
import { blend, makeStyle, styleSha256, type StyleVector } from "../engine/index.ts";
import { similarity, spreads } from "./similar.ts";
import { address, readVectors, type Site, type SiteStyle } from "./site.ts";
import { complain } from "./page.ts";
import { keepStyle, loadStyles, removeStyle, type OwnStyle } from "./storage.ts";

export interface GalleryStyle extends SiteStyle {
  readonly vector: StyleVector;
  readonly own: OwnStyle | null;
}

/** What the gallery asks for; see `stylize/studio/gallery.py`. */
interface Query {
  readonly text?: string;
  readonly tag?: string | null;
  readonly like?: string;
  readonly names?: string;
}

const TAGS = 14;
const LIKE = 30;

export class Styles {
  private readonly used = new Set<string>();
  /** Settles once what another tab of this browser has changed is known here. */
  private known: Promise<void> = Promise.resolve();

  private constructor(
    private styles: GalleryStyle[],
    private readonly encoderSha256: string,
    private readonly spread: Float64Array,
  ) {}

  static async open(site: Site): Promise<Styles> {
    const [vectors, own] = await Promise.all([readVectors(site), loadStyles().catch((error) => { complain(error); return []; })]);
    const bundled = site.styles.map((style, index) => ({
      ...style,
      thumb: address(style.thumb),
      vector: makeStyle(vectors[index]!, site.encoder_sha256),
      own: null,
    }));
    const mine = own.filter((style) => style.encoderSha256 === site.encoder_sha256).map(shown);
    return new Styles([...mine, ...bundled], site.encoder_sha256, spreads(vectors));
  }

  /** Read the visitor's own styles again: another tab has changed them. */
  reread(): void {
    this.known = loadStyles().then((own) => {
      const mine = own.filter((style) => style.encoderSha256 === this.encoderSha256).map(shown);
      this.styles = [...mine, ...this.styles.filter((style) => style.own === null)];
    }).catch(complain);
  }

  get(name: string): GalleryStyle | undefined {
    return this.styles.find((style) => style.name === name);
  }

  get names(): string[] {
    return this.styles.map((style) => style.name);
  }

  get own(): OwnStyle[] {
    return this.styles.flatMap((style) => style.own ?? []);
  }

  bySha256(sha256: string): GalleryStyle | undefined {
    return this.styles.find((style) => styleSha256(style.vector) === sha256);
  }

  /** The vector of some styles with weights. */
  blend(weights: Readonly<Record<string, number>>): StyleVector {
    const known = Object.entries(weights).flatMap(([name, weight]) => {
      const style = this.get(name);
      return style ? [[style.vector, weight] as const] : [];
    });
    return blend(known.map(([vector]) => vector), known.map(([, weight]) => weight));
  }

  /** Add a style of the visitor, on the device too; returns its name, which is free. */
  async add(style: Omit<OwnStyle, "name" | "encoderSha256">, wanted: string): Promise<string> {
    const plain = Studio.plain(wanted).replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "style";
    let name = plain;
    for (let count = 2; this.get(name); count++) name = `${plain}-${count}`;
    const own: OwnStyle = { ...style, name, encoderSha256: this.encoderSha256 };
    this.styles = [shown(own), ...this.styles];
    await keepStyle(own).catch(complain); // it is there for this visit at least
    return name;
  }

  async remove(name: string): Promise<void> {
    this.styles = this.styles.filter((style) => style.name !== name);
    await removeStyle(name);
  }

  /** The answers that the gallery gets from a server elsewhere. */
  get source(): object {
    return {
      page: async (_: unknown, query: Query) => {
        await this.known;
        return this.page(query);
      },
      learn: async () => {},
      get: (_: unknown, name: string) => this.get(name),
      forget: () => {},
      use: (_: unknown, name: string) => this.used.add(name),
      used: () => [...this.used].map((name) => this.get(name)).filter(Boolean),
      thumb: (style: GalleryStyle) => style.thumb,
    };
  }

  private page({ text = "", tag, like, names }: Query): object {
    const tags = this.tags();
    if (names) return { items: names.split(",").map((name) => this.get(name)).filter(Boolean), more: false };
    if (like) return { items: this.like(like), more: false };
    const words = (Studio.plain(text) as string).split(/[^\p{L}\p{N}_]+/u);
    const items = this.styles.filter((style) => {
      const all = Studio.plain([style.title, style.artist, style.year, style.name, ...style.tags].join(" ")) as string;
      return (!tag || style.tags.includes(tag)) && words.every((word) => all.includes(word));
    });
    return { items, more: false, tags };
  }

  private like(name: string): GalleryStyle[] {
    const wanted = this.get(name);
    if (!wanted) return [];
    const near = new Map(this.styles.map((style) => [style, similarity(wanted.vector.values, style.vector.values, this.spread)]));
    return [...this.styles].sort((a, b) => near.get(b)! - near.get(a)!).slice(0, LIKE);
  }

  private tags(): string[] {
    const counts = new Map<string, number>();
    for (const tag of this.styles.flatMap((style) => style.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, TAGS).map(([tag]) => tag);
  }
}

function shown(own: OwnStyle): GalleryStyle {
  const { name, title, artist, year, tags, thumb } = own;
  return { name, title, artist, year, tags, thumb: URL.createObjectURL(thumb), vector: makeStyle(own.values, own.encoderSha256), own };
}
