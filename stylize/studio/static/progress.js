// How far a job has come. value: {at, total, done, name, stopped, failed: [{name, why}]} | null; `at` is
// the number of the picture being painted, null once it is over.
Studio.progress = ({ element, props, watch }) => {
  const { make, text } = Studio;
  const words = make("p", { class: "st-progress-words", role: "status" }, text("batch_idle"));
  const bar = make("progress", { class: "st-progress", max: 1, value: 0, hidden: true, "aria-label": text("batch") });
  const failed = make("div", { class: "st-failed", hidden: true });
  element.replaceChildren(words, bar, failed);
  watch("value", () => {
    const value = props.value;
    if (!value) return;
    const { at, total, done, name } = value;
    const working = at != null;
    words.textContent = working ? text("batch_at", { n: at + 1, total, name }) : text(value.stopped ? "batch_stopped" : "batch_done", { n: done, total });
    bar.hidden = !working;
    bar.value = working ? at / total : 1;
    failed.hidden = !value.failed.length;
    failed.replaceChildren(make("strong", {}, text("batch_failed")), make("ul", {}, ...value.failed.map((item) => make("li", {}, `${item.name}: ${item.why}`))));
  });
};
