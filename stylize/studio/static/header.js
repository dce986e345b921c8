// The page's name, the way to the children's page, its language and its light.
// props.mark: SVG; props.wall: whether a teacher collects results.
Studio.header = ({ element, props }) => {
  const { make, text } = Studio;
  const languages = { en: "English", de: "Deutsch", "zh-CN": "中文", es: "Español" };
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* it lasts as long as the page */ } };
  const language = make("select", { class: "st-language", "aria-label": text("language"), onchange: () => { keep("studio-language", language.value); location.reload(); } },
    ...Object.entries(languages).map(([tag, name]) => make("option", { value: tag, lang: tag, selected: tag.startsWith(Studio.language) }, name)));
  const dark = () => document.body.classList.contains("dark");
  const light = Studio.button("light", "light", () => {
    const value = dark() ? "light" : "dark";
    document.body.classList.toggle("dark", value === "dark");
    keep("studio-light", value);
    light.setAttribute("aria-pressed", String(dark()));
  }, { "aria-pressed": String(dark()) });
  const way = (href, icon, key) => make("a", { href, class: "st-button", "aria-label": text(key), title: text(key) }, Studio.icon(icon), make("span", {}, text(key)));
  const mark = make("span", { class: "st-mark" });
  mark.innerHTML = props.mark;
  element.replaceChildren(make("header", { class: "st-header" }, mark, make("h1", {}, "Stylize Studio"),
    make("nav", { "aria-label": text("pages") },
      way("kids", "child", "kids_page"), props.wall ? way("teacher", "like", "teacher_title") : null),
    language, light));
  Studio.opened();
};
