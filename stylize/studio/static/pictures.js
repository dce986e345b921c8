// Pictures that a job has made, with captions; one is seen large by a click, the others by the arrow keys.
// value: [{file, caption}] | null.
Studio.pictures = ({ element, props, watch }) => {
  const { make, button, text } = Studio;
  let items = [];
  let at = 0;
  const grid = make("div", { class: "st-pictures" });
  const large = make("img", { alt: "" });
  const show = (index) => {
    at = (index + items.length) % items.length;
    large.src = items[at].file.url;
    large.alt = items[at].caption;
  };
  const dialog = make("dialog", { class: "st-large", "aria-label": text("result"), onkeydown: (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { event.preventDefault(); show(at + step); }
  } }, large, button("close", "close", () => dialog.close()));
  element.replaceChildren(grid, dialog);
  const picture = ({ file, caption }, index) => make("button", { type: "button", class: "st-picture", "aria-label": caption, onclick: () => { show(index); dialog.showModal(); } },
    make("img", { src: file.url, alt: "" }), make("span", {}, caption));
  watch("value", () => {
    const old = items.map(({ file }) => file.url);
    items = props.value || [];
    const same = old.length <= items.length && old.every((url, index) => url === items[index].file.url);
    if (!same) grid.replaceChildren();
    grid.append(...items.slice(grid.childElementCount).map((item, index) => picture(item, index + (same ? old.length : 0))));
  });
};
