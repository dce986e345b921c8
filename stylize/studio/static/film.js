// A painted film with its original: both play, a handle wipes between them.
// value: {before, after} as files, or null.
Studio.film = ({ element, props, watch }) => {
  const { make, button, text } = Studio;
  const video = (name, label) => make("video", { class: `st-film-${name}`, "aria-label": text(label), loop: true, playsinline: true });
  const after = video("after", "after_alt");
  const before = video("before", "before_alt");
  after.controls = true;
  before.muted = true;
  const wipe = make("input", { type: "range", min: 0, max: 100, value: 0, "aria-label": text("compare"), oninput: () => stage.style.setProperty("--wipe", `${wipe.value}%`) });
  const stage = make("div", { class: "st-film-stage" }, after, before);
  const save = button("download", "save", () => Studio.save(props.value && props.value.after), { words: true, class: "st-button st-primary" });
  const box = make("div", { class: "st-film", hidden: true }, stage, make("div", { class: "st-row" }, wipe, save));
  element.replaceChildren(box);
  const follow = () => {
    if (Math.abs(before.currentTime - after.currentTime) > 0.08) before.currentTime = after.currentTime;
    if (after.paused) before.pause();
    else before.play().catch(() => {});
  };
  for (const event of ["play", "pause", "seeked", "timeupdate"]) after.addEventListener(event, follow);
  before.addEventListener("error", () => { wipe.hidden = true; }); // this browser cannot play the original
  watch("value", () => {
    const value = props.value;
    box.hidden = !(value && value.after);
    if (box.hidden) return;
    wipe.hidden = false;
    before.src = value.before.url;
    after.src = value.after.url;
    after.play().catch(() => {});
  });
};
