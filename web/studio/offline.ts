/** The service worker: after the first visit the site works without a connection. */
export async function keepOffline(): Promise<boolean> {
  if (!("serviceWorker" in navigator)) return false; // a page without https
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    return false; // the visitor's browser does not want it
  }
}
