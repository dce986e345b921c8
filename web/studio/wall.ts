/** What a child shows to the teacher: sent to the class's server, and deleted there again. */
import { StylizeError } from "../engine/index.ts";
import { address } from "./site.ts";

export class Wall {
  /** The keys of what this child has handed in, under way or there; null for what did not arrive. */
  private given: Promise<string | null>[] = [];

  /** Hand a picture in. */
  async give(picture: Blob | null): Promise<void> {
    if (picture === null) throw new StylizeError("This picture was forgotten already; please paint it again.", "forgotten");
    const key = send(picture);
    this.given.push(key.catch(() => null));
    await key;
  }

  /**
   * Delete what this child has handed in of the picture, also what is still under way.
   *
   * @throws {StylizeError} The teacher still has some of it.
   */
  async takeBack(): Promise<void> {
    const given = this.given.splice(0);
    const deleted = await Promise.all(given.map(async (key) => remove(await key)));
    if (deleted.includes(false)) throw new StylizeError("It could not be deleted. Ask your teacher to delete it.", "kids_not_deleted");
  }

  /** The next child begins: what was handed in is no longer this one's to delete. */
  forget(): void {
    this.given = [];
  }
}

/** Send a picture; returns its key. */
async function send(picture: Blob): Promise<string> {
  const headers = { "X-Studio-Language": Studio.language };
  const answer = await fetch(address("wall"), { method: "POST", body: picture, headers }).catch(() => null);
  if (answer === null) throw new StylizeError("The connection is lost.", "connection_lost");
  if (!answer.ok) throw new StylizeError(await answer.text(), "");
  return ((await answer.json()) as { key: string }).key;
}

/** Delete a picture; returns whether it is gone. */
async function remove(key: string | null): Promise<boolean> {
  if (key === null) return true;
  const answer = await fetch(address(`wall/${key}`), { method: "DELETE" }).catch(() => null);
  return answer !== null && answer.ok;
}
