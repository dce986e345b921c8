/**
 * The children's page, without a server: draw or photograph, pick, done, print. In a class the server that hands out
 * these files takes what a child shows to the teacher, and paints for tablets that cannot.
 */
import { load, StylizeError } from "../engine/index.ts";
import { complain, explain, mount, tell, type Mounted } from "./page.ts";
import { keepOffline } from "./offline.ts";
import { address, readSite } from "./site.ts";
import { Styles } from "./styles.ts";
import { Wall } from "./wall.ts";

const TILES = 12;
const SIDE_PX = 1024;
const HOURS = 2; // the tablet keeps a drawing for so long, should the page be closed by mistake

async function start(): Promise<void> {
  const engine = load({ model: address("model/model.json") });
  const site = await readSite();
  /** Have the server paint, where there is one; returns whether there is. */
  const leave = (): boolean => {
    if (site.server) location.replace(site.server);
    return Boolean(site.server);
  };
  engine.catch((error: unknown) => { if (!leave()) complain(error); });
  const styles = await Styles.open(site);
  Studio.styles = styles.source;
  const names = [...site.kids_styles.filter((name) => styles.get(name)), ...styles.names];
  const tiles = [...new Set(names)].slice(0, TILES).map((name) => styles.get(name));
  const paint = async (): Promise<void> => {
    const { drawing, style, freedom } = page.props.value as { drawing: string; style: string; freedom: string };
    try {
      const picture = await (await fetch(drawing)).blob();
      const painted = await (await engine).stylize(picture, styles.blend({ [style]: 1 }), site.freedoms[freedom] ?? {}, { maxSidePx: SIDE_PX });
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: painted.width, height: painted.height });
      canvas.getContext("2d")!.putImageData(painted, 0, 0);
      last = await new Promise<Blob | null>((done) => { canvas.toBlob(done, "image/png"); });
      page.show({ picture: canvas.toDataURL("image/jpeg", 0.92) });
    } catch (error) {
      if (error instanceof StylizeError && error.code === "memory" && leave()) return;
      tell(explain(error));
      page.show({ failed: true });
    }
  };
  let last: Blob | null = null;
  const wall = new Wall();
  const give = async (): Promise<void> => {
    try {
      await wall.give(last);
    } catch (error) {
      tell(explain(error));
      page.renew("refused");
    }
  };
  const page: Mounted<unknown> = mount<unknown>("kids", { value: null, styles: tiles, wall: site.wall, minutes: 60 * HOURS, device: true }, {
    submit: () => void paint(),
    upload: () => void give(),
    clear: () => {
      last = null;
      wall.takeBack().catch(complain);
    },
    select: () => {
      last = null;
      wall.forget();
    },
  });
  document.querySelector("#kids")!.replaceWith(page.element);
  await engine;
  await keepOffline();
}

start().catch(complain);
