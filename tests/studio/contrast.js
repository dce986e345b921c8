// Every text that can be seen and is too faint against its ground, by the computed colours.
// WCAG 2.2 AA: 4.5 to 1, 3 to 1 for large texts and for icons; disabled controls are exempt.
// With "rings": the mark around whatever has the focus instead, 3 to 1 against what it lies on.
(mode) => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const known = new Map(); // asking the canvas is slow, and a page has few colours
  const read = (color) => { // whatever notation the browser answers in
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const rgba = (color) => {
    if (!known.has(color)) known.set(color, read(color));
    return [...known.get(color)];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  // Paints element by element from the page inwards, as the browser does.
  const grounds = new Map();
  const groundOf = (element) => {
    if (!element) return { ground: [255, 255, 255], opacity: 1 };
    if (!grounds.has(element)) {
      const under = groundOf(element.parentElement);
      const style = getComputedStyle(element);
      const opacity = under.opacity * Number(style.opacity);
      const layer = rgba(style.backgroundColor);
      layer[3] *= opacity;
      grounds.set(element, { ground: over(layer, under.ground), opacity });
    }
    return grounds.get(element);
  };
  const measure = (element, color) => {
    const { ground, opacity } = groundOf(element);
    const ink = rgba(color);
    ink[3] *= opacity;
    return contrast(over(ink, ground), ground);
  };
  const seen = (element) => {
    if (element.closest("[disabled], [aria-disabled=true], .st-sr, .sr-only")) return false;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  let count = 0;
  const faint = [];
  const check = (element, what, color, least) => {
    count += 1;
    const found = measure(element, color);
    if (found < least) faint.push(`${found.toFixed(2)} < ${least}: ${what} (${element.tagName.toLowerCase()}.${[...element.classList].join(".")})`);
  };
  const least = (style) => {
    const size = parseFloat(style.fontSize);
    return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  };
  if (mode === "rings") {
    for (const element of document.querySelectorAll("a[href], button, input, select, textarea, video, [tabindex='0']")) {
      if (element.type === "file" || (!seen(element) && !element.matches(".st-handle"))) continue;
      element.focus({ focusVisible: true, preventScroll: true });
      if (document.activeElement !== element) continue;
      grounds.clear(); // the focus may change them
      // The handle over the result is invisible itself, the round knob around it shows the focus; a canvas fills its sheet.
      const marked = element.matches(".st-handle, .st-canvas") ? element.parentElement : element;
      const style = getComputedStyle(marked);
      const least = `${element.ariaLabel || element.innerText || element.title || ""}`.slice(0, 40);
      count += 1;
      if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) { faint.push(`no ring: ${least} (${element.className})`); continue; }
      // A band of one colour below the ring, where it would lie on a picture
      const band = /^(rgba?\([^)]*\)|color\([^)]*\)|#\w+) 0px 0px 0px ([\d.]+)px/.exec(style.boxShadow);
      const found = band && parseFloat(band[2]) >= 4
        ? contrast(rgba(style.outlineColor), rgba(band[1]))
        : measure(marked.parentElement, style.outlineColor);
      if (found < 3) faint.push(`${found.toFixed(2)} < 3: ring of ${least} (${element.className})`);
    }
    document.activeElement.blur();
    return { count, faint };
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    const words = node.textContent.trim();
    if (!words || /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|OPTION)$/.test(element.tagName) || !seen(element)) continue;
    const style = getComputedStyle(element);
    check(element, words.slice(0, 40), style.color, least(style));
  }
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (/^(range|file|checkbox|radio|color|hidden)$/.test(field.type) || !seen(field)) continue;
    const empty = field.placeholder && !field.value;
    const style = getComputedStyle(field, empty ? "::placeholder" : null);
    if (empty || field.value) check(field, empty ? field.placeholder : field.value, style.color, least(getComputedStyle(field)));
  }
  for (const shape of document.querySelectorAll(":is(button, label) svg :is(path, rect, circle, line, polyline)")) {
    const style = getComputedStyle(shape);
    const color = style.stroke !== "none" ? style.stroke : style.fill;
    if (color !== "none" && seen(shape.closest("svg"))) check(shape.closest("button, label"), "icon", color, 3);
  }
  return { count, faint };
}
