// What the page uses of Gradio's insides: addresses, messages, elements.
// An update of Gradio may break any of it; tests/studio/test_gradio_internals.py says what.
Studio.gradio = (() => {
  // Gradio's own words, which come in English.
  const words = {
    "Error": "gradio_error",
    "This application is currently busy. Please try again.": "gradio_busy",
    "Connection errored out.": "gradio_connection",
  };
  const lost = /Connection (to the server was lost|errored out)/; // another line of the page says so
  const message = (content) => `data: ${JSON.stringify(content)}\n\n`;

  // A field for files is called otherwise than it reads; without that name it is called by its words.
  const fields = document.getElementsByClassName("upload-container");
  const toasts = document.getElementsByClassName("toast-body"); // live: nothing is looked for where there is none
  new MutationObserver(() => {
    [...fields].forEach((field) => { if (field.tagName === "BUTTON" && field.textContent.trim()) field.removeAttribute("aria-label"); });
    [...toasts].forEach((toast) => {
      const close = lost.test(toast.textContent) && toast.querySelector(".toast-close");
      if (close) { close.click(); return; } // it would stay
      toast.querySelectorAll("[data-testid=toast-text], .toast-title").forEach((line) => {
        const node = [...line.childNodes].find((child) => child.nodeType === Node.TEXT_NODE && child.data.trim() in words);
        const said = node && Studio.text(words[node.data.trim()]);
        if (node && said !== node.data) node.data = said;
      });
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Arrow keys go through tabs.
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest && event.target.closest("[role=tab]");
    const list = tab && tab.closest("[role=tablist]");
    if (!list) return;
    const tabs = [...list.querySelectorAll("[role=tab]")].filter((one) => one.offsetParent && !one.disabled);
    const at = tabs.indexOf(tab);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const goal = tabs[(to + tabs.length) % tabs.length];
    goal.focus();
    goal.click();
  });

  return {
    /** Where Gradio's addresses begin. */
    root: () => `${window.gradio_config.root.replace(/\/$/, "")}/gradio_api`,

    /** What Gradio asks of the server with an address: {root, kind}; kind is alive, join, answers or other. */
    request: (url) => {
      const [, root, what] = /^(.*\/gradio_api)\/(app_id$|queue\/\w*)/.exec(url) || [];
      return { root, kind: { app_id: "alive", "queue/join": "join", "queue/data": "answers" }[what] || "other" };
    },
    alive: (root) => `${root}/app_id`,
    heartbeat: (root, visit) => `${root}/heartbeat/${visit}`,

    /** Options of a request that name the visitor's language; errors come back in it. */
    inLanguage: (options = {}) => {
      const headers = new Headers(options.headers);
      headers.set("X-Studio-Language", Studio.language);
      return { ...options, headers };
    },

    /** How a stream of answers ends that the server breaks off. */
    brokenStream: message({ msg: "broken_connection", message: "Connection errored out." }) + message({ msg: "close_stream" }),

    /** What marks a value as a file that was uploaded. */
    fileMark: { _type: "gradio.FileData" },

    /** Show the first of some tabs. */
    firstTab: (id) => {
      const tab = document.querySelector(`#${id} [role=tab]`);
      if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
    },

    /**
     * Tell a component's place in the queue (1: next; 0: not waiting) whenever it changes.
     * Gradio writes it beside the component for developers, small and in English; it is read there.
     * Only a wait that lasts is told: most requests pass the queue in an instant.
     */
    queue: (element, tell) => {
      const block = element.closest(".block");
      let told = 0;
      let place = 0;
      const change = () => { if (told !== place) { told = place; tell(place); } };
      const slowly = Studio.later(change, 400);
      new MutationObserver(() => {
        const words = [...block.querySelectorAll(".progress-text")].map((line) => line.textContent).join();
        const found = /queue: *(\d+)/.exec(words);
        const now = found ? Number(found[1]) : 0;
        if (now === place) return;
        place = now;
        if (place && !told) slowly();
        else change();
      }).observe(block, { subtree: true, childList: true, characterData: true });
    },
  };
})();
