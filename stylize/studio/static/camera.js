// A large button of the children's page: an icon and a word.
Studio.big = (name, key, onclick, extra = "") => Studio.make("button", { type: "button", class: `st-big st-big-words ${extra}`, onclick }, Studio.icon(name), Studio.make("span", {}, Studio.text(key)));

/**
 * The live camera, for a shot on the page itself. Browsers lend it to secure pages only; elsewhere,
 * and where there is none or it is denied, `otherwise` is called (a tablet's own camera app).
 * `big`: makes its buttons. `take` gets the video at the moment of the shot; `shown` is told whether the camera is on screen.
 */
Studio.camera = (take, otherwise, shown, big = Studio.big) => {
  const { make, text } = Studio;
  const view = make("video", { class: "st-kid-video", playsinline: true, "aria-label": text("kids_camera"), onloadeddata: () => { shoot.disabled = false; } });
  view.muted = true;
  view.autoplay = true;
  const shoot = big("camera", "kids_shoot", async () => { await take(view); close(); }, "st-go");
  const element = make("div", { class: "st-kid-live", hidden: true }, view, make("div", { class: "st-kid-actions" }, big("undo", "kids_back", () => close()), shoot));
  let stream = null;
  let wanted = false;

  const show = (on) => { element.hidden = !on; shown(on); };
  const close = () => {
    wanted = false;
    if (stream) stream.getTracks().forEach((track) => track.stop()); // the lamp beside the lens goes out
    view.srcObject = stream = null;
    show(false);
  };
  const open = async () => {
    if (wanted) return;
    wanted = true;
    try { stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }); }
    catch { wanted = false; otherwise(); return; }
    if (!wanted) { close(); return; } // allowed only after the child went on
    shoot.disabled = true;
    view.srcObject = stream;
    show(true);
  };
  return { element, open, close };
};
