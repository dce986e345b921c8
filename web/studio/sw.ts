/**
 * The service worker. It keeps the files of the site, whose names tell their content, for good; what
 * has a name of its own (the pages, the tables) it asks for anew where there is a connection. It also
 * isolates the pages from other sites: browsers lend threads only to such.
 */
export {}; // a module of its own, so that its names are

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const CACHE = "stylize-site";
const HASHED = /-[\w-]{8,}\.[\w.]+$/;

const isHashed = (url: URL): boolean => HASHED.test(url.pathname);

async function fill(): Promise<void> {
  const answer = await fetch("site.json", { cache: "no-cache" });
  const { files } = (await answer.clone().json()) as { files: string[] };
  const cache = await caches.open(CACHE);
  await cache.put("site.json", answer);
  // The other build of ONNX Runtime is kept once it is used.
  const wanted = new Set(files.filter((name) => !name.includes(".jspi")).map((name) => new URL(name, worker.registration.scope).href));
  for (const { url } of await cache.keys()) if (isHashed(new URL(url)) && !wanted.has(url) && !url.includes(".jspi")) await cache.delete(url);
  for (const url of wanted) if (!(await cache.match(url)) || !isHashed(new URL(url))) await cache.add(url);
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const url = new URL(request.url);
  url.search = url.hash = "";
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  if (isHashed(url)) {
    const kept = await cache.match(url);
    if (kept) return isolated(kept);
  }
  try {
    const fresh = await fetch(request, isHashed(url) ? {} : { cache: "no-cache" });
    if (fresh.ok) await cache.put(url, fresh.clone()).catch(() => {}); // the device may be full
    return isolated(fresh);
  } catch (error) {
    const kept = await cache.match(url);
    if (kept) return isolated(kept);
    throw error;
  }
}

function isolated(given: Response): Response {
  const headers = new Headers(given.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  return new Response(given.body, { status: given.status, statusText: given.statusText, headers });
}

worker.addEventListener("install", (event) => {
  worker.skipWaiting();
  event.waitUntil(fill());
});
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(worker.registration.scope)) event.respondWith(answer(request));
});
