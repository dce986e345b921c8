// How far a job has come. props.what: how its texts begin. value: {at, total, done, name, stopped, failed: [{name, why}]} | null; `at` is
// the number of the picture being painted, null once it is over.
Studio.progress = ({ element, props, watch }) => {
  const { make, text } = Studio;
  const { what } = props; // an update of the value forgets the other props
  const words = make("p", { class: "st-progress-words", role: "status" }, text(`${what}_idle`));
  const bar = make("progress", { class: "st-progress", max: 1, value: 0, hidden: true, "aria-label": text(what) });
  const failed = make("div", { class: "st-failed", hidden: true });
  element.replaceChildren(words, bar, failed);
  watch("value", () => {
    const value = props.value;
    if (!value) return;
    const { at, total, done, name } = value;
    const working = at != null;
    words.textContent = working ? text(`${what}_at`, { n: at + 1, total, name }) : text(`${what}_${value.stopped ? "stopped" : "done"}`, { n: done, total });
    bar.hidden = !working;
    bar.value = working ? at / total : 1;
    failed.hidden = !value.failed.length;
    failed.replaceChildren(make("strong", {}, text(`${what}_failed`)), make("ul", {}, ...value.failed.map((item) => make("li", {}, `${item.name}: ${item.why}`))));
  });
};
