/** The start of the Create page. */
import { load } from "../engine/index.ts";
import { Create } from "./create.ts";
import { complain, text } from "./page.ts";
import { keepOffline } from "./offline.ts";
import { address, readSite } from "./site.ts";
import { Styles } from "./styles.ts";

const promise = document.querySelector("#promise")!;
promise.textContent = text("device_only");
document.querySelector("#to-kids")!.textContent = text("kids_page");

async function start(): Promise<void> {
  const engine = load({ model: address("model/model.json") });
  engine.catch(complain);
  const site = await readSite();
  const styles = await Styles.open(site);
  Studio.styles = styles.source;
  Studio.elsewhere(() => styles.reread());
  new Create(document.querySelector("#create")!, site, styles, engine);
  await engine;
  if (await keepOffline()) promise.textContent += ` ${text("offline_ready")}`;
}

start().catch(complain);
