// The dialogue that saves a result: format, size, name; then the work with its progress.
// `start` is called with {format, quality, width, height, name}, `stop` to give up.
Studio.exporter = ({ start, stop }) => {
  const { make, text } = Studio;
  const kept = JSON.parse(localStorage.getItem("studio-export") || "{}");
  let full = [1, 1];
  let goal = "save";
  let begun = 0;
  let file = null;

  const formats = { png: "PNG", jpg: "JPEG", webp: "WebP" };
  const choice = (name, options, chosen, onchange) => make("div", { class: "st-segments", role: "radiogroup", "aria-label": text(`export_${name}`) },
    ...Object.entries(options).map(([value, label]) => make("label", {}, make("input", { type: "radio", name: `export-${name}`, value, checked: value === chosen, onchange }), make("span", {}, label))));
  const format = choice("format", formats, kept.format || "png", () => fresh());
  const quality = make("input", { type: "range", min: 50, max: 100, step: 1, value: kept.quality || 92, "aria-label": text("export_quality"), oninput: () => fresh() });
  const qualityWords = make("output", { class: "st-share" });
  const qualityRow = make("div", { class: "st-row" }, make("span", {}, text("export_quality")), quality, qualityWords);
  const size = make("select", { "aria-label": text("export_size"), onchange: () => fresh() });
  const number = (key, value, attributes) => make("input", { type: "number", inputmode: "decimal", "aria-label": text(key), value, ...attributes, oninput: () => fresh() });
  const side = number("export_side", 2000, { min: 16, step: 1 });
  const cm = number("export_cm", 30, { min: 1, step: 0.1 });
  const dpi = number("export_dpi", 300, { min: 30, max: 1200, step: 1 });
  const sideRow = make("label", { class: "st-row" }, make("span", {}, text("export_side")), side, "px");
  const printRow = make("div", { class: "st-row" }, make("span", {}, text("export_print")), cm, "cm", dpi, "dpi");
  const name = make("input", { type: "text", maxlength: 60, "aria-label": text("export_name") });
  const summary = make("p", { class: "st-hint", "aria-live": "polite" });
  const bar = make("progress", { class: "st-progress", max: 1, "aria-label": text("export_working") });
  const told = make("p", { class: "st-hint", role: "status" });
  const work = make("div", { class: "st-export-work", hidden: true }, told, bar);
  const go = (action, icon, key, primary) => Studio.button(icon, key, action, { words: true, class: primary ? "st-button st-primary" : "st-button" });
  const save = go(() => begin("save"), "download", "save", true);
  const copy = go(() => copyPicture(), "copy", "copy_picture");
  const share = go(() => (file ? shareFile() : begin("share")), "share", "share");
  const cancel = go(() => { if (begun) { stop(); end(); } else dialog.close(); }, "close", "cancel");
  copy.hidden = !(navigator.clipboard && window.ClipboardItem);
  share.hidden = !navigator.share;
  const dialog = make("dialog", { class: "st-dialog", "aria-label": text("save_picture") },
    make("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); begin("save"); } },
      make("h2", {}, text("save_picture").replace(/ ?(…|\.\.\.|……)$/, "")), format, qualityRow,
      make("label", { class: "st-row" }, make("span", {}, text("export_size")), size), sideRow, printRow,
      make("label", { class: "st-row" }, make("span", {}, text("export_name")), name), summary, work,
      make("div", { class: "st-dialog-actions" }, cancel, share, copy, save)));

  const picked = () => dialog.querySelector("input[name=export-format]:checked").value;
  const pixels = () => {
    const longer = Math.max(...full);
    const wanted = { full: longer, side: Number(side.value), print: (Number(cm.value) / 2.54) * Number(dpi.value) }[size.value] || Number(size.value);
    return full.map((one) => Math.max(1, Math.round((one * wanted) / longer)));
  };
  const fresh = () => {
    file = null;
    qualityRow.hidden = picked() === "png";
    qualityWords.textContent = quality.value;
    sideRow.hidden = size.value !== "side";
    printRow.hidden = size.value !== "print";
    const [width, height] = pixels();
    summary.textContent = `${width} × ${height} px · ${((width * height) / 1e6).toFixed(1)} MP · ${formats[picked()]}`;
  };
  const drawSizes = () => {
    const screen = Math.round(Math.min(Math.max(...full), 1280));
    const options = [["full", text("export_full", { width: full[0], height: full[1] })], ...[1, 2, 4].map((times) => [screen * times, text("export_times", { times, side: screen * times })]), ["side", text("export_custom")], ["print", text("export_print")]];
    const was = size.value || kept.size;
    size.replaceChildren(...options.map(([value, label]) => make("option", { value }, label)));
    size.value = options.some(([value]) => String(value) === was) ? was : "full";
  };
  const begin = (what) => {
    if (begun) return;
    goal = what;
    file = null;
    begun = Date.now();
    const [width, height] = pixels();
    try { localStorage.setItem("studio-export", JSON.stringify({ format: picked(), quality: quality.value, size: size.value })); } catch { /* not allowed */ }
    work.hidden = false;
    [save, copy, share].forEach((one) => { one.disabled = true; });
    progress(0);
    start({ format: what === "copy" ? "png" : picked(), quality: Number(quality.value), width, height, name: name.value });
  };
  const end = () => {
    begun = 0;
    work.hidden = true;
    [save, copy, share].forEach((one) => { one.disabled = false; });
  };
  const progress = (share) => {
    if (!begun) return;
    bar.value = share;
    const left = share > 0.05 ? Math.ceil(((Date.now() - begun) / 1000) * (1 / share - 1)) : null;
    told.textContent = left === null ? text("export_working") : text("export_left", { seconds: left });
  };
  let resolve = null;
  const copyPicture = () => {
    // The promise keeps the right to write that the click has given.
    const blob = new Promise((done, fail) => { resolve = { done, fail }; });
    navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]).then(() => tell("copied"), () => tell("copy_refused"));
    begin("copy");
  };
  const tell = (key) => { work.hidden = false; told.textContent = text(key); bar.hidden = true; setTimeout(() => { bar.hidden = false; if (!begun) work.hidden = true; }, 4000); };
  const shareFile = () => navigator.share({ files: [file] }).then(() => dialog.close(), () => {});
  const finished = async (made) => {
    if (!made || !begun) return;
    end();
    if (goal === "save") { Studio.save(made); dialog.close(); return; }
    const blob = await (await fetch(made.url)).blob();
    if (goal === "copy") { resolve.done(blob); return; }
    file = new File([blob], made.orig_name, { type: blob.type });
    tell("share_ready"); // sharing needs a fresh click
  };
  const failed = () => { if (resolve) resolve.fail(new Error("not painted")); end(); };
  Studio.exported = finished;
  Studio.notExported = failed;
  dialog.addEventListener("close", () => { if (begun) { stop(); end(); } });

  return {
    element: dialog,
    progress,
    open: (width, height, title) => {
      full = [width, height];
      if (!begun) name.value = title;
      drawSizes();
      fresh();
      dialog.showModal();
      save.focus();
    },
  };
};
