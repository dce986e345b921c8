// The visitor's picture: choose, drop, paste or photograph it. Choosing another one replaces it;
// cancelling and failing keep what is there.
// props.max_mb: largest upload. props.examples: [{name, title, thumb}]. props.framing: it can be turned and cropped.
// value to the server: {key, file | example, framing, painted}; from it: {key, url, width, height, file?} or
// {failed}. The key is that of `kept`, where the page holds what it has sent. Event: chosen.
Studio.content = ({ element, props, trigger, watch, upload }) => {
  const { make, button, text } = Studio;
  const { max_mb: maxMb, examples = [], framing: canFrame } = props;
  const againMs = 8000;
  const kept = new Map(); // key: {file} or {example}; and once it was framed {framing, whole}, whole: URL of all of it
  let current = null; // the server's last value
  let asked = null; // key of what is on its way
  let resending = false;

  const image = make("img", { class: "st-content-image", alt: text("before_alt"), hidden: true });
  const field = make("input", { type: "file", accept: "image/*,.heic,.heif,.avif", hidden: true, "aria-hidden": "true", tabindex: -1, onchange: () => { if (field.files[0]) choose(field.files[0]); field.value = ""; } });
  const line = make("p", { class: "st-content-line", role: "alert", hidden: true });
  const sheet = make("button", { type: "button", class: "st-content-sheet", "aria-label": text("content_label"), title: text("content_label"), onclick: () => field.click() },
    image, make("span", { class: "st-content-hint" }, text("content_label")), make("span", { class: "st-spinner", "aria-hidden": "true" }));
  const photograph = async (video) => {
    const shot = make("canvas", { width: video.videoWidth, height: video.videoHeight });
    shot.getContext("2d").drawImage(video, 0, 0);
    choose(await new Promise((done) => shot.toBlob((blob) => done(new File([blob], "photo.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95)));
  };
  const noCamera = () => {
    if (navigator.mediaDevices || !matchMedia("(pointer: coarse)").matches) { say(text("camera_refused")); return; }
    field.setAttribute("capture", "environment"); // a page without https: the phone's own camera
    field.click();
    field.removeAttribute("capture");
  };
  const camera = Studio.camera(photograph, noCamera, (on) => { sheet.parentElement.hidden = actions.hidden = on; }, (icon, key, onclick) => button(icon, key, onclick, { words: true }));
  const paste = async () => {
    let items;
    try { items = await navigator.clipboard.read(); }
    catch { say(text("paste_refused")); return; }
    for (const item of items) {
      const type = item.types.find((one) => one.startsWith("image/"));
      if (type) { choose(new File([await item.getType(type)], "pasted", { type })); return; }
    }
    say(text("paste_nothing"));
  };
  const cropper = canFrame ? Studio.cropper({ apply: (framing) => {
    const { file, example, whole = current.url } = kept.get(current.key);
    send({ file, example, framing, whole }, {});
  } }) : null;
  const crop = canFrame ? button("crop", "crop", () => {
    const source = current && kept.get(current.key);
    if (source) cropper.open(source.whole || current.url, source.framing);
  }, { class: "st-button st-icon-only st-crop-button" }) : null;
  const actions = make("div", { class: "st-content-actions" },
    button("folder", "choose_picture", () => field.click(), { words: true }),
    button("camera", "camera", () => { say(""); camera.open(); }, { words: true }),
    button("paste", "paste", paste, { words: true }));
  const row = make("div", { class: "st-examples", role: "group", "aria-label": text("examples") },
    ...examples.map((item) => make("button", { type: "button", title: item.title, onclick: () => send({ example: item.name }) }, make("img", { src: item.thumb, alt: item.title }))));
  element.replaceChildren(make("div", { class: "st-content" }, make("h2", { class: "st-sr" }, text("picture")), make("div", { class: "st-content-stage" }, sheet, crop), camera.element, line, actions, field, row, cropper && cropper.element));

  const say = (words) => { line.textContent = words; line.hidden = !words; };
  const show = (url) => { image.hidden = !url; if (url) image.src = url; if (crop) crop.hidden = !current; };
  const busy = (on) => { sheet.setAttribute("aria-busy", String(on)); };
  const fail = (words = "") => { asked = null; resending = false; busy(false); say(words); show(current && current.url); };
  const newKey = () => Math.random().toString(36).slice(2);

  const send = async (source, { painted = null, key = newKey() } = {}) => {
    const { file, example, framing } = source;
    kept.set(key, source);
    asked = key;
    say("");
    busy(true);
    const thumb = examples.find((item) => item.name === example);
    if (framing) { /* only the server knows how that looks */ } else if (file && /^image\/(jpeg|png|webp|gif|avif|bmp)$/.test(file.type)) show(URL.createObjectURL(file));
    else if (thumb) show(thumb.thumb);
    if (!file) { tell({ key, example, framing, painted }); return; }
    // The server need not know what a picture is called; its kind tells by the suffix.
    const nameless = new File([file], `picture${/(\.\w{1,5})?$/.exec(file.name)[0]}`, { type: file.type });
    const sent = await upload(nameless).catch(() => null);
    if (asked !== key) return; // another one was chosen in the meantime
    if (!sent) { fail(text("upload_failed")); return; }
    tell({ key, file: { path: sent.path, orig_name: nameless.name, size: file.size, meta: Studio.gradio.fileMark }, framing, painted });
  };
  const tell = (value) => { props.value = value; trigger("chosen", {}); };
  const choose = (file) => {
    if (file.size <= maxMb * 1e6) send({ file });
    else say(text("too_many_bytes", { size: Math.round(file.size / 1e6), most: maxMb }));
  };
  Studio.take = choose;

  /** Send the present picture again, to a server that has forgotten it; false if there is none. */
  Studio.resend = () => {
    const source = current && kept.get(current.key);
    if (!source || resending) return Boolean(source);
    resending = true;
    send(source, { key: current.key, painted: Studio.painted ? Studio.painted() : null });
    return true;
  };
  document.addEventListener("studio-back", () => { if (asked) send(kept.get(asked), { key: asked }); });

  /** The file name of a content without its suffix, for the results made of it. */
  Studio.contentName = (key) => {
    const { file, example } = kept.get(key) || {};
    return example || (file ? file.name.replace(/\.[^.]*$/, "") : "");
  };

  /** Begin the visit: with what this tab had before a reload, else with the first example. */
  Studio.start = async () => {
    const { content, painted = null } = await Studio.session.load();
    if (current || asked) return; // the visitor was faster
    send(content || { example: (examples[0] || { name: "" }).name }, { painted });
  };

  watch("value", async () => {
    const value = props.value;
    if (!value || !(value.url || value.failed)) return; // told by ourselves
    if (value.failed) {
      const [key, source] = [asked, kept.get(asked)];
      if (current || !(source && source.example)) { fail(); return; }
      // Nothing can be wrong with an example: too many wait. The first picture is worth another try.
      setTimeout(() => { if (asked === key) send(source, { key }); }, againMs);
      return;
    }
    if (value.key === asked) asked = null;
    resending = false;
    busy(Boolean(asked));
    current = value;
    if (!asked) show(value.url);
    Studio.shownContent(value);
    if (!kept.has(value.key) && value.file) {
      const blob = await fetch(value.file.url).then((answer) => answer.blob()).catch(() => null);
      if (blob) kept.set(value.key, { file: new File([blob], value.file.orig_name || "picture", { type: blob.type }) });
    }
    if (current === value && kept.has(value.key)) Studio.session.keep("content", kept.get(value.key));
  });
};

// The content on screen, for whoever shows it: sent once, by its key.
(() => {
  const urls = new Map();
  const waiting = new Map();
  Studio.shownContent = ({ key, url }) => {
    urls.set(key, url);
    (waiting.get(key) || []).forEach((show) => show(url));
    waiting.delete(key);
  };
  /** The URL of a content, undefined as long as it has not arrived. */
  Studio.arrivedUrl = (key) => urls.get(key);
  /** Call `show` with the URL of a content, now or as soon as it has arrived. */
  Studio.contentUrl = (key, show) => {
    if (urls.has(key)) show(urls.get(key));
    else waiting.set(key, [...(waiting.get(key) || []), show]);
  };
})();
