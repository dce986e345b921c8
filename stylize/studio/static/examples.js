// A row of example pictures. props.items: [{name, title, thumb}]. Event: select {name}.
Studio.examples = ({ element, props, trigger }) => {
  const { make } = Studio;
  element.replaceChildren(make("div", { class: "st-examples", role: "group", "aria-label": Studio.text("examples") },
    ...(props.items || []).map((item) => make("button", { type: "button", title: item.title, onclick: () => trigger("select", { name: item.name }) }, make("img", { src: item.thumb, alt: item.title })))));
};
