// A server that goes away and comes back: one line says so, and the page goes on where it was.
// Events on document: "studio-lost" and "studio-back".
// Gradio answers nothing any more once a request of its own has failed, until it has loaded the page anew.
// So a request made meanwhile waits for the server. One that was under way cannot: then the page is
// loaded anew, and finds everything on the device.
(() => {
  const { gradio } = Studio;
  const ask = window.fetch.bind(window);
  let base = null; // where Gradio's requests go
  let visit = null; // its name in Gradio's requests
  let lost = false;
  let leaving = false;
  window.addEventListener("pagehide", () => { leaving = true; });
  window.addEventListener("pageshow", () => { leaving = false; });

  const line = Studio.make("p", { class: "st-lost", role: "status", hidden: true });
  const say = (key) => {
    if (!line.isConnected) document.body.append(line);
    line.textContent = Studio.text(key);
    line.hidden = false;
  };
  const hide = Studio.later(() => { if (!lost) line.hidden = true; }, 2500);

  const lose = () => {
    if (lost || leaving || !base) return;
    lost = true;
    say("connection_lost");
    document.dispatchEvent(new Event("studio-lost"));
    const look = async () => {
      const answer = await ask(gradio.alive(base), { cache: "no-store" }).catch(() => null);
      if (!answer || !answer.ok) { setTimeout(look, 1000); return; }
      lost = false;
      say("connection_back");
      hide();
      beat();
      document.dispatchEvent(new Event("studio-back"));
    };
    setTimeout(look, 1000);
  };
  // Tells the new server that this page is still open, and by its end that it was closed.
  const beat = async () => {
    const answer = visit && (await ask(gradio.heartbeat(base, visit)).catch(() => null));
    if (answer && answer.ok) answer.text().then(lose, lose);
  };
  // Nothing tells a page at rest that its server has gone.
  setInterval(async () => {
    if (lost || !base || document.hidden) return;
    if (!(await ask(gradio.alive(base), { cache: "no-store" }).catch(() => null))) lose();
  }, 4000);

  // A stream of answers that breaks off ends as the server itself would end it.
  const watched = (answer) => {
    const reader = answer.body.getReader();
    const body = new ReadableStream({
      async pull(control) {
        try {
          const { done, value } = await reader.read();
          if (done) control.close();
          else control.enqueue(value);
        } catch (error) {
          if (error.name === "AbortError") { control.error(error); return; }
          lose();
          control.enqueue(new TextEncoder().encode(gradio.brokenStream));
          control.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };

  window.fetch = async (input, options) => {
    const url = String(input instanceof Request ? input.url : input);
    const { root, kind } = gradio.request(url);
    if (!root) return ask(input, options);
    base = root;
    if (kind === "alive") return ask(input, options); // Gradio noticed: it loads the page anew, which brings all back
    if (kind === "join") options = gradio.inLanguage(options);
    const answer = await ask(input, options).catch(async (error) => {
      if (error.name === "AbortError" || leaving || kind !== "join") throw error;
      lose();
      await new Promise((done) => document.addEventListener("studio-back", done, { once: true }));
      return ask(input, options); // asked again; Gradio has noticed nothing
    });
    if (!answer.ok || kind !== "answers") return answer;
    visit = new URL(url, location.href).searchParams.get("session_hash");
    return watched(answer);
  };
})();
