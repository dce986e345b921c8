/** What a child shows to the teacher: sent to the class's server, and deleted there again. */
import { StylizeError } from "../engine/index.ts";
import { address } from "./site.ts";

export class Wall {
  private keys: string[] = [];

  /** Hand a picture in. */
  async give(picture: Blob | null): Promise<void> {
    if (picture === null) return;
    const headers = { "X-Studio-Language": Studio.language };
    const answer = await fetch(address("wall"), { method: "POST", body: picture, headers }).catch(() => null);
    if (answer === null) throw new StylizeError("The connection is lost.", "connection_lost");
    if (!answer.ok) throw new StylizeError(await answer.text(), "");
    this.keys.push(((await answer.json()) as { key: string }).key);
  }

  /** Delete what this child has handed in of the picture. */
  async takeBack(): Promise<void> {
    const keys = this.keys.splice(0);
    await Promise.allSettled(keys.map((key) => fetch(address(`wall/${key}`), { method: "DELETE" })));
  }

  /** The next child begins: what was handed in is no longer this one's to delete. */
  forget(): void {
    this.keys = [];
  }
}
