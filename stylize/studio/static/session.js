// What this browser tab would lose by a reload: picture, drawing, regions. It is kept on the device,
// in IndexedDB, under a name that only this tab knows (sessionStorage); the look is in the address.
// It lasts for `Studio.session.hours`; what is older goes at the next visit, also that of tabs closed since.
Studio.session = (() => {
  const page = location.pathname.replace(/\/$/, "").split("/").pop() || "studio";
  let tab = null;
  try {
    tab = sessionStorage.getItem("studio-tab") || Math.random().toString(36).slice(2);
    sessionStorage.setItem("studio-tab", tab);
  } catch { /* no storage allowed: nothing is kept */ }
  const name = `${page}-${tab}`;
  const mine = window.IDBKeyRange && IDBKeyRange.bound([name], [name, []]); // [name, part] lies within

  const database = tab && window.indexedDB ? new Promise((done) => {
    const request = indexedDB.open("stylize-studio", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("parts");
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(null);
  }) : null;

  const within = async (use) => {
    const open = await database;
    if (!open) return;
    await new Promise((done) => {
      const transaction = open.transaction("parts", "readwrite");
      use(transaction.objectStore("parts"));
      transaction.oncomplete = transaction.onerror = transaction.onabort = () => done();
    });
  };

  const session = {
    hours: 24,
    /** What an earlier page of this tab kept: {content, painted, drawing, …}; empty if nothing. */
    load: async () => {
      const found = {};
      await within((store) => {
        store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
          if (!cursor) return;
          const { until, value } = cursor.value;
          if (!(until > Date.now())) cursor.delete();
          else if (cursor.key[0] === name) found[cursor.key[1]] = value;
          cursor.continue();
        };
      });
      return found;
    },
    /** Keep one part anew; null forgets it. */
    keep: (part, value) => within((store) => { if (value == null) store.delete([name, part]); else store.put({ until: Date.now() + session.hours * 3_600_000, value }, [name, part]); }).catch(() => {}),
    /** Keep nothing any more. */
    forget: () => within((store) => { store.delete(mine); }).catch(() => {}),
  };
  return session;
})();
