/** The words of the page, those of `stylize/languages`; to be imported before the page's scripts. */
import de from "../../stylize/languages/de.json";
import en from "../../stylize/languages/en.json";
import es from "../../stylize/languages/es.json";
import zh from "../../stylize/languages/zh.json";

const tables = { en, de, zh, es };

window.STUDIO_TEXTS = Object.fromEntries(
  Object.entries(tables).map(([language, { messages, page, styles, site }]) => [language, { ...messages, ...page, ...styles, ...site }]),
);
