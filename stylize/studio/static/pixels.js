// What canvases do pixel by pixel. Colours are "#rrggbb"; null is none: the pixel becomes transparent.
Studio.pixels = (() => {
  const bytes = (color) => (color ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)).concat(255) : [0, 0, 0, 0]);
  const near = 48; // a difference in every channel up to which two colours are one: edges are smoothed
  const alike = (data, at, color) => (color[3] === 0 ? data[at + 3] < 128 : data[at + 3] >= 128 && [0, 1, 2].every((i) => Math.abs(data[at + i] - color[i]) <= near));
  const edit = (canvas, change) => {
    const { width, height } = canvas;
    const pen = canvas.getContext("2d");
    const image = pen.getImageData(0, 0, width, height);
    change(image.data, width, height);
    pen.putImageData(image, 0, 0);
  };
  return {
    /** Fill the area of one colour around a place, and the smoothed pixels at its edge. */
    flood: (canvas, [x, y], color) => edit(canvas, (data, width, height) => {
      const start = Math.min(height - 1, Math.max(0, Math.floor(y))) * width + Math.min(width - 1, Math.max(0, Math.floor(x)));
      const old = data[4 * start + 3] < 128 ? [0, 0, 0, 0] : [...data.slice(4 * start, 4 * start + 4)];
      const paint = bytes(color);
      const done = new Uint8Array(width * height); // 1: to be filled and gone on from, 2: at the edge
      const open = [start];
      done[start] = 1;
      while (open.length) {
        const at = open.pop();
        const column = at % width;
        for (const next of [column > 0 ? at - 1 : -1, column < width - 1 ? at + 1 : -1, at - width, at + width]) {
          if (next < 0 || next >= done.length || done[next]) continue;
          const inside = alike(data, 4 * next, old);
          done[next] = inside ? 1 : 2;
          if (inside) open.push(next);
        }
      }
      for (let at = 0; at < done.length; at += 1) if (done[at]) data.set(paint, 4 * at);
    }),
    /** Paint what is empty in a colour, and empty what has it; other colours stay. */
    invert: (canvas, color) => edit(canvas, (data) => {
      const paint = bytes(color);
      for (let at = 0; at < data.length; at += 4) {
        if (alike(data, at, [0, 0, 0, 0])) data.set(paint, at);
        else if (alike(data, at, paint)) data.fill(0, at, at + 4);
      }
    }),
    /** A mask (opaque inside) in one colour, as a canvas. */
    tint: (mask, color) => {
      const copy = Object.assign(document.createElement("canvas"), { width: mask.width, height: mask.height });
      const pen = copy.getContext("2d");
      pen.drawImage(mask, 0, 0);
      pen.globalCompositeOperation = "source-in";
      pen.fillStyle = color;
      pen.fillRect(0, 0, copy.width, copy.height);
      return copy;
    },
  };
})();
