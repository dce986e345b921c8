// Runs before anything else: the language and the light that a visitor has chosen on this device.
// Gradio looks for both in the browser and in the address.
(() => {
  let kept = null;
  try { kept = localStorage; } catch { return; } // no storage allowed: nothing was chosen
  const language = kept.getItem("studio-language");
  if (language) {
    Object.defineProperty(navigator, "language", { get: () => language });
    Object.defineProperty(navigator, "languages", { get: () => [language] });
  }
  const light = kept.getItem("studio-light");
  const address = new URL(location.href);
  if (!light || address.searchParams.has("__theme")) return;
  address.searchParams.set("__theme", light);
  history.replaceState(history.state, "", address);
})();
