// Helpers shared by the page's own components. `STUDIO_TEXTS` is set by the server (texts.py).
window.Studio = window.Studio || {};
(() => {
  const tables = window.STUDIO_TEXTS || { en: {} };
  const wanted = (navigator.languages && navigator.languages.length ? navigator.languages : [navigator.language || "en"]);
  const language = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in tables) || "en";
  document.documentElement.lang = language;
  Studio.language = language;

  /** The text of a key in the visitor's language, with {name} replaced. */
  Studio.text = (key, values = {}) => {
    const text = tables[language][key] || tables.en[key] || key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  };

  /** Make an element: make("button", {class: "a", onclick: f}, child, "text"). */
  Studio.make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  };

  /** The page is there: what was shown until then goes. */
  Studio.opened = () => { const opening = document.getElementById("st-opening"); if (opening) opening.remove(); };

  const paths = {
    undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
    redo: "M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
    folder: "M4 6h6l2 2h8v11H4z",
    paste: "M9 5H6v15h12V5h-3M9 3h6v4H9z",
    download: "M12 3v12m0 0 5-5m-5 5-5-5M4 20h16",
    reuse: "M4 12a8 8 0 0 1 14-5l2 2m0-5v5h-5M20 12a8 8 0 0 1-14 5l-2-2m0 5v-5h5",
    link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1m2 4a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
    compare: "M12 3v18M8 7l-5 5 5 5M16 7l5 5-5 5",
    plus: "M12 5v14M5 12h14",
    minus: "M5 12h14",
    fit: "M4 5h16v14H4zM9 9h6v6H9z",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    share: "M12 15V3m0 0L8 7m4-4 4 4M5 11v9h14v-9",
    check: "M5 13l4 4L19 7",
    close: "M6 6l12 12M18 6 6 18",
    like: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.5 13v7M13 16.5h7",
    brush: "M14 4l6 6-9 9c-2 2-6 2-8 1 2-1 1-4 3-6zM11 7l6 6",
    eraser: "M8 20h12M4 15l9-10a2 2 0 0 1 3 0l4 4a2 2 0 0 1 0 3l-8 8H8l-4-4a1 1 0 0 1 0-1zM9 10l7 7",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
    camera: "M4 8h4l2-3h4l2 3h4v11H4zM12 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
    print: "M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z",
    again: "M4 12a8 8 0 1 0 3-6L4 8m0-5v5h5",
    near: "M3 15h18M3 9h18",
    painted: "M3 14c3-6 6-6 9 0s6 6 9 0",
    wild: "M3 13C4 3 8 3 9 12s4 10 5 0 4-10 7 0",
    photo: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
    subject: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 11a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM7.5 17c.4-3 2-4.4 4.500-4.4s4.100 1.400 4.500 4.400",
    behind: "M4 4h16v16H4zM4 16l5-5M4 10l6-6M9 20l11-11M15 20l5-5",
    invert: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 7h4M12 11h6M12 15h5",
    lasso: "M12 4c5 0 8 2 8 5s-3 5-8 5-8-2-8-5 3-5 8-5zM8 13c-2 1-2 4 0 4s2-3 0-4M8 17c0 2-1 3-3 3",
    fill: "M11 4 4 11l7 7 7-7-7-7zM4 11h14M20 15c1 2 1.500 3 1.500 4a1.500 1.500 0 0 1-3 0c0-1 .5-2 1.500-4",
    box: "M4 4h3M10 4h4M17 4h3v3M20 10v4M20 17v3h-3M14 20h-4M7 20H4v-3M4 14v-4M4 7V4",
    crop: "M7 3v14h14M3 7h14v14",
    left: "M5 11a7.500 7.500 0 1 1 1 6M4 6v5h5",
    right: "M19 11a7.500 7.500 0 1 0-1 6M20 6v5h-5",
    recent: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
    star: "M12 4l2.500 5.200 5.500.8-4 4 1 5.700-5-2.700-5 2.700 1-5.700-4-4 5.500-.8z",
    child: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 10h.01M15.500 10h.01M8 14c1 2 2.500 3 4 3s3-1 4-3",
    light: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 3a9 9 0 0 1 0 18",
    full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  };
  /** A line icon; decorative, so hidden from screen readers. */
  Studio.icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", "st-icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", paths[name]);
    svg.append(path);
    return svg;
  };

  /** An icon button with its text as label, for narrow screens hide words, and without words as tooltip. */
  Studio.button = (icon, key, onclick, { words = false, ...attributes } = {}) =>
    Studio.make(
      "button",
      { type: "button", class: words ? "st-button" : "st-button st-icon-only", "aria-label": Studio.text(key), title: words ? null : Studio.text(key), onclick, ...attributes },
      Studio.icon(icon),
      words ? Studio.make("span", {}, Studio.text(key)) : null,
    );

  /** Call `action` once things have been quiet for `ms`. */
  Studio.later = (action, ms) => {
    let timer;
    return (...values) => {
      clearTimeout(timer);
      timer = setTimeout(() => action(...values), ms);
    };
  };

  /** Rebuild a row; the focus stays on the same button, or on its neighbour if that is gone. */
  Studio.rebuild = (row, ...children) => {
    const targets = () => [...row.querySelectorAll("button, input, select")];
    const name = (element) => element.getAttribute("aria-label") || element.textContent;
    const old = targets();
    const at = old.indexOf(document.activeElement);
    row.replaceChildren(...children);
    if (at < 0) return;
    const now = targets();
    const same = now.filter((element) => name(element) === name(old[at]));
    (same[old.filter((element) => name(element) === name(old[at])).indexOf(old[at])] || same[0] || now[Math.min(at, now.length - 1)] || row).focus();
  };

  /** Call `look` when another tab of this browser has changed the styles, or the server was away. */
  const channel = window.BroadcastChannel ? new BroadcastChannel("stylize-styles") : null;
  const looks = [];
  const lookAround = Studio.later(() => looks.forEach((look) => look()), 50);
  Studio.elsewhere = (look) => looks.push(look);
  if (channel) channel.onmessage = lookAround;
  document.addEventListener("studio-back", lookAround);
  Studio.changedStyles = Studio.later(() => { if (channel) channel.postMessage("changed"); }, 50);

  /** Lower case without accents, for searching. */
  Studio.plain = (text) => (text || "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // Bundled styles and their tags have names in every language; what people add is called as they call it.
  const said = (key) => tables[language][key];
  Studio.tagText = (tag) => said(`tag_${tag.replaceAll(" ", "_")}`) || tag;
  Studio.titleOf = (style) => (!style.own && said(`title_${style.name}`)) || style.title;
  /** Names of bundled styles whose title in the visitor's language holds all the words. */
  Studio.titledLike = (words) => (language === "en" ? [] : Object.entries(tables[language])
    .filter(([key, title]) => key.startsWith("title_") && Studio.plain(words).split(/\s+/).every((word) => Studio.plain(title).includes(word)))
    .map(([key]) => key.slice("title_".length)));

  // What the galleries show. A part of the page that appears only after its value was updated has lost its other props.
  let latestSource = { library: "shared", version: 0 };
  Studio.sourceOf = (props) => { latestSource = props.source || latestSource; return latestSource; };

  /** The address of something that gallery.py serves. */
  Studio.stylesUrl = (path) => `${Studio.gradio.root()}/studio/styles/${path}`;

  /** Save a file of this server under its name. */
  Studio.save = (file) => {
    if (!file) return;
    const anchor = Studio.make("a", { href: file.url, download: file.orig_name || "picture" });
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
  };

  /**
   * Undo (Ctrl+Z) and redo (Ctrl+Shift+Z, Ctrl+Y) of an element, wherever the focus is, while the
   * element is on screen. Fields for text keep their own.
   */
  Studio.shortcuts = (element, undo, redo) => document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !element.checkVisibility()) return;
    const { tagName, type } = event.target;
    if (tagName === "TEXTAREA" || (tagName === "INPUT" && !/^(range|checkbox|radio|file|button)$/.test(type))) return;
    const key = event.key.toLowerCase();
    const action = key === "y" || (key === "z" && event.shiftKey) ? redo : key === "z" ? undo : null;
    if (!action) return;
    event.preventDefault();
    action();
  });

  // A picture that is pasted, or dropped outside of a drop zone, becomes the content; without this
  // the browser would show the dropped file instead of the page. Texts are pasted as ever.
  const takeFrom = (event, transfer) => {
    const file = [...(transfer ? transfer.files : [])].find((item) => item.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    Studio.gradio.firstTab("tabs"); // to where the picture is seen
    Studio.take(file);
  };
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    takeFrom(event, event.dataTransfer);
  });
  window.addEventListener("paste", (event) => { if (!event.defaultPrevented) takeFrom(event, event.clipboardData); });
})();
