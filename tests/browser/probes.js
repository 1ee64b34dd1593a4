/* What a test asks a page, each answered with a list of faults in words. Evaluated in the page; returns the probes. */
(() => {
  const say = (element) => {
    if (!element) return "nothing";
    const id = element.id ? `#${element.id}` : "";
    const kind = typeof element.className === "string" && element.className ? `.${element.className.trim().split(/\s+/).join(".")}` : "";
    return `<${element.localName}${id}${kind}> “${(element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  };
  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true }) &&
    [...element.getClientRects()].some((box) => box.width > 0 && box.height > 0);
  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      if (node.data.trim() && !parent.closest("script,style,noscript,template") && shown(parent)) found.push(node);
    }
    return found;
  };
  const boxes = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
  };

  const sideways = () => {
    const page = document.documentElement;
    const wide = page.clientWidth;
    if (page.scrollWidth <= wide && document.body.scrollWidth <= wide) return [];
    const out = [...document.body.querySelectorAll("*")].filter((one) => {
      const box = one.getBoundingClientRect();
      return shown(one) && (box.right > wide + 0.5 || box.left < -0.5) && box.bottom > 0;
    });
    return [`the page is ${Math.max(page.scrollWidth, document.body.scrollWidth)} px wide in ${wide}: ${out.slice(0, 3).map(say).join(", ")}`];
  };

  const clipped = () => {
    const faults = [];
    const hidden = (value) => value === "hidden" || value === "clip";
    for (const node of texts()) {
      const rects = boxes(node);
      for (let box = node.parentElement; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (!hidden(style.overflowX) && !hidden(style.overflowY)) continue;
        const edge = box.getBoundingClientRect();
        if (edge.width <= 1 && edge.height <= 1) break;
        const half = parseFloat(getComputedStyle(node.parentElement).fontSize) / 2;
        const cut = rects.some((one) =>
          (hidden(style.overflowX) && (one.right > edge.right + 1 || one.left < edge.left - 1)) ||
          (hidden(style.overflowY) && (one.bottom - edge.bottom > half || edge.top - one.top > half)));
        if (cut) { faults.push(`${say(box)} clips “${node.data.trim().slice(0, 40)}”`); break; }
      }
    }
    return faults;
  };

  /* Letters that reach far above and below their line. */
  const TALL = /\p{Script=Arabic}/u;
  const overlapping = () => {
    const lines = texts().filter((node) => !node.parentElement.closest("svg")).flatMap((node) => boxes(node).map((box) => {
      const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
      const middle = (box.top + box.bottom) / 2;
      const reach = size * (TALL.test(node.data) ? 0.65 : 0.4);
      return { node, left: box.left, right: box.right, top: middle - reach, bottom: middle + reach };
    }));
    const faults = [];
    lines.forEach((one, at) => lines.slice(at + 1).forEach((other) => {
      if (one.node === other.node) return;
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (across > 2 && down > 2) faults.push(`“${one.node.data.trim().slice(0, 30)}” lies over “${other.node.data.trim().slice(0, 30)}”`);
    }));
    return faults;
  };

  const torn = () => {
    const faults = [];
    for (const node of texts()) {
      for (const found of node.data.matchAll(/(\d{1,2}:\d{2})[\s\u202f]?([AP]M|[ap]m)/g)) {
        const box = (start, length) => {
          const range = document.createRange();
          range.setStart(node, start);
          range.setEnd(node, start + length);
          return range.getBoundingClientRect();
        };
        const figures = box(found.index, found[1].length);
        const half = box(found.index + found[0].length - found[2].length, found[2].length);
        const oneLine = Math.abs(figures.top - half.top) < figures.height / 2;
        if (oneLine && (half.left < figures.right - 1 || half.left > figures.right + figures.width))
          faults.push(`“${found[0]}” is torn apart in “${node.data.trim().slice(0, 60)}”`);
      }
      for (const found of node.data.matchAll(/[₹$€£](?=[\s\u00a0]?\d)/g)) {
        const sign = document.createRange(), figures = document.createRange();
        sign.setStart(node, found.index);
        sign.setEnd(node, found.index + 1);
        figures.setStart(node, found.index + 1);
        figures.setEnd(node, found.index + 3);
        if (sign.getBoundingClientRect().left > figures.getBoundingClientRect().left)
          faults.push(`“${found[0]}” stands after its number in “${node.data.trim().slice(0, 60)}”`);
      }
    }
    return faults;
  };

  const broken = () => {
    const faults = [];
    for (const node of texts()) {
      for (const found of node.data.matchAll(/\d[\d,.]*\d|\d{1,2}:\d{2}[\s\u202f][AP]M/giu)) {
        const range = document.createRange();
        range.setStart(node, found.index);
        range.setEnd(node, found.index + found[0].length);
        const tops = [...range.getClientRects()].filter((box) => box.width > 0).map((box) => box.top);
        if (tops.length && Math.max(...tops) - Math.min(...tops) > 4) faults.push(`“${found[0]}” is broken over two lines in ${say(node.parentElement)}`);
      }
    }
    return faults;
  };

  const escaping = () => {
    const faults = [];
    for (const node of texts()) {
      const box = node.parentElement.closest(".card,.figures div,td,th,.option,button,.button,.doors li");
      if (!box || node.parentElement.closest("svg")) continue;
      const edge = box.getBoundingClientRect();
      if (boxes(node).some((one) => one.right > edge.right + 1 || one.left < edge.left - 1))
        faults.push(`“${node.data.trim().slice(0, 40)}” sticks out of ${say(box)}`);
    }
    return faults;
  };

  const SCRIPTS = {
    as: "Beng", bn: "Beng", gu: "Gujr", hi: "Deva", kn: "Knda", ml: "Mlym", mr: "Deva", ne: "Deva", or: "Orya",
    pa: "Guru", ta: "Taml", te: "Telu", ur: "Arab",
  };
  const LETTERS = ["Latn", "Arab", "Beng", "Deva", "Gujr", "Guru", "Knda", "Mlym", "Orya", "Taml", "Telu"]
    .map((script) => [script, new RegExp(`(?:(?=\\p{L})\\p{Script=${script}})+`, "gu")]);
  const ABBREVIATION = /^(?:[A-Z]{1,5}s?|km|am|pm|[A-Z][a-z]?-?[A-Z]{1,4})$/;
  const scripts = (names) => {
    const faults = [];
    const judge = (text, element, what) => {
      for (const name of names) text = text.replaceAll(name, "");
      text = text.replace(/\b[A-Z]{3,10}\d{4}\b/g, "");
      const language = element.closest("[lang]")?.lang ?? "";
      if (language === "" && element.closest("[lang='']")) return;
      const right = SCRIPTS[language.split("-")[0]] ?? "Latn";
      if (getComputedStyle(element).direction === "rtl" && /\d\+/.test(text))
        faults.push(`“${text.trim().slice(0, 40)}” shows its + before the number, from right to left`);
      for (const [script, letters] of LETTERS) {
        const strange = [...text.matchAll(letters)].map(([word]) => word)
          .filter((word) => script !== right && !(script === "Latn" && ABBREVIATION.test(word)));
        if (strange.length) faults.push(`lang=${language || "none"}, but ${script}${what}: “${text.trim().slice(0, 60)}”`);
      }
    };
    for (const node of texts()) judge(node.data, node.parentElement, "");
    for (const element of document.querySelectorAll("[aria-label],[title],[alt],[placeholder]"))
      for (const name of ["aria-label", "title", "alt", "placeholder"])
        if (element.hasAttribute(name)) judge(element.getAttribute(name), element, ` in ${name}`);
    judge(document.title, document.documentElement, " in the title");
    return faults;
  };

  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const colour = (text) => {
    const parts = /rgba?\(([^)]+)\)/.exec(text);
    if (!parts) return null;
    const [red, green, blue, alpha = 1] = parts[1].split(/[\s,/]+/).filter(Boolean).map(Number);
    return { light: 0.2126 * channel(red / 255) + 0.7152 * channel(green / 255) + 0.0722 * channel(blue / 255), alpha };
  };
  const SHAPES = new Set(["rect", "circle", "ellipse", "polygon", "path"]);
  const pale = () => {
    const faults = [];
    for (const text of document.querySelectorAll("svg text")) {
      if (!shown(text)) continue;
      text.scrollIntoView({ block: "center", inline: "center" });
      const box = text.getBoundingClientRect();
      const ink = colour(getComputedStyle(text).fill);
      const under = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)
        .filter((one) => !one.closest("text"));
      let paper = null;
      for (const one of under) {
        paper = colour(SHAPES.has(one.localName) ? getComputedStyle(one).fill : getComputedStyle(one).backgroundColor);
        if (paper && paper.alpha === 1) break;
        paper = null;
      }
      paper ??= { light: 1, alpha: 1 };
      const [most, least] = [Math.max(ink.light, paper.light), Math.min(ink.light, paper.light)];
      const contrast = (most + 0.05) / (least + 0.05);
      if (contrast < 4.5) faults.push(`SVG text “${text.textContent.trim()}” has a contrast of ${contrast.toFixed(1)}`);
    }
    return faults;
  };
  const invisible = () => [...document.body.querySelectorAll("i,b,em,span,div")].filter((one) => {
    const box = one.getBoundingClientRect();
    if (one.childNodes.length || !shown(one) || box.width < 6 || box.height < 6 || box.width > 60) return false;
    const style = getComputedStyle(one);
    const painted = style.backgroundImage !== "none" || (colour(style.backgroundColor)?.alpha ?? 0) > 0;
    return !painted && parseFloat(style.borderTopWidth) === 0;
  }).map((one) => `${say(one)} takes room, but nothing is seen there`);
  const tiny = () => [...document.querySelectorAll("svg text")].filter(shown).flatMap((text) => {
    const size = parseFloat(getComputedStyle(text).fontSize) * Math.abs(text.getScreenCTM().d);
    return size < 8 ? [`SVG text “${text.textContent.trim()}” is ${size.toFixed(1)} px`] : [];
  });

  const CONTROLS = "a[href],area[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex],[contenteditable]";
  const controls = () => [...document.querySelectorAll(CONTROLS)].filter((one) => {
    if (one.tabIndex < 0 || one.disabled || one.closest("[inert],fieldset:disabled") || !shown(one)) return false;
    if (one.type !== "radio") return true;
    const group = [...document.querySelectorAll("input[type=radio]")]
      .filter((other) => other.name === one.name && other.form === one.form && !other.disabled);
    return (group.find((other) => other.checked) ?? group[0]) === one;
  });
  const reachable = (one) => {
    for (let at = one; at && at !== document.body; at = at.parentElement)
      if (at.tabIndex >= 0 || ["label", "option"].includes(at.localName)) return true;
    return false;
  };
  const pretending = () => [...document.body.querySelectorAll("*")].filter((one) => {
    if (!shown(one) || reachable(one) || one.querySelector("input,select,textarea,button,a")) return false;
    const acts = one.hasAttribute("onclick") || ["button", "link", "checkbox", "tab"].includes(one.getAttribute("role"));
    return acts || getComputedStyle(one).cursor === "pointer";
  }).map((one) => `${say(one)} looks like a control, but no key reaches it`);
  const focused = () => {
    const one = document.activeElement;
    if (!one || one === document.body || one === document.documentElement) return null;
    const style = getComputedStyle(one);
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
    const within = one.closest("svg") ? getComputedStyle(one.querySelector("polygon,circle,rect,path") ?? one) : null;
    const drawn = within && within.stroke !== "none" && parseFloat(within.strokeWidth) >= 2;
    const box = one.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return { at: controls().indexOf(one), name: say(one), ring: Boolean(ring || drawn), inside };
  };

  const structure = () => {
    const faults = [];
    const ones = document.querySelectorAll("h1").length;
    if (ones !== 1) faults.push(`${ones} headings of the first level`);
    if (!document.documentElement.lang) faults.push("the page has no language");
    if (!["ltr", "rtl"].includes(document.documentElement.dir)) faults.push("the page has no direction");
    const rtl = ["ar", "fa", "ks", "sd", "ur"].includes(document.documentElement.lang.split("-")[0]);
    if (rtl !== (getComputedStyle(document.body).direction === "rtl")) faults.push("the direction is not the language's");
    if (document.querySelectorAll("main").length !== 1) faults.push("not one main part");
    if (!document.title.trim()) faults.push("no title");
    for (const one of document.querySelectorAll("[style]")) faults.push(`${say(one)} has a style of its own`);
    for (const one of document.querySelectorAll("script:not([src]),style")) faults.push(`inline ${one.localName}`);
    for (const one of document.querySelectorAll("*"))
      for (const { name } of one.attributes) if (/^on/.test(name)) faults.push(`${say(one)} has ${name}`);
    return faults;
  };

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*{letter-spacing:.12em!important;word-spacing:.16em!important}
    :not(:lang(ur)):not(:lang(ks)):not(:lang(sd)){line-height:1.5!important}p{margin-block-end:2em!important}`);
  const space = (on) => { document.adoptedStyleSheets = on ? [sheet] : []; };

  return { sideways, clipped, overlapping, torn, broken, escaping, scripts, pale, tiny, invisible, controls, pretending, focused, structure, space, say };
})()
