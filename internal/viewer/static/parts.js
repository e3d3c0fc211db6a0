// Small components and functions that several pages use.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";

const colors = new Map();

// colorOf returns the CSS class with the colour of a service. A service has the same
// colour on all pages.
export function colorOf(service) {
  if (!colors.has(service)) colors.set(service, colors.size % 10);
  return `c${colors.get(service)}`;
}

export function Service({ name }) {
  return html`<span class="service"><i class="dot ${colorOf(name)}"></i>${name || "(no name)"}</span>`;
}

export function useNarrow() {
  const [narrow, setNarrow] = useState(matchMedia("(max-width: 720px)").matches);
  useEffect(() => {
    const query = matchMedia("(max-width: 720px)");
    const follow = () => setNarrow(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return narrow;
}

// Only some rows of a long list must be in the document. useWindow returns the first
// and the last of these rows. The list scrolls in the element of ref.
export function useWindow(ref, rows, rowHeight, overscan = 10) {
  const [view, setView] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => {
      const next = { top: element.scrollTop, height: element.clientHeight };
      setView((before) => (before.top === next.top && before.height === next.height ? before : next));
    };
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const size = new ResizeObserver(measure);
    size.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      size.disconnect();
    };
  }, [ref.current]);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(rows, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  return { first, last };
}

// If a row is not visible, reveal scrolls until the row is visible.
export function reveal(element, row, rowHeight, header = 0) {
  if (!element) return;
  const top = row * rowHeight;
  const visible = element.clientHeight - header;
  if (top < element.scrollTop) element.scrollTop = Math.max(0, top - visible / 3);
  else if (top + rowHeight > element.scrollTop + visible) element.scrollTop = top - (2 * visible) / 3;
}

// typing reports whether a key press belongs to a form field, a dialog or the browser.
export function typing(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog");
}

export function useKeys(handler) {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => {
    const listen = (event) => {
      if (!typing(event)) latest.current(event);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

const ranges = [["", "Any time"], ["1m", "Last minute"], ["5m", "Last 5 minutes"], ["15m", "Last 15 minutes"]];

// TimeRange selects the parameter since of a page.
export function TimeRange({ value = "", onChange }) {
  const all = ranges.some(([since]) => since === value) ? ranges : [[value, `Last ${value}`], ...ranges];
  return html`<select aria-label="Time" class=${value ? "set" : ""} value=${value} onChange=${(e) => onChange(e.target.value)}>
    ${all.map(([since, text]) => html`<option value=${since}>${text}</option>`)}
  </select>`;
}

export function Copy({ text, what }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1200);
  };
  return html`<button type="button" class="quiet" onClick=${copy} aria-label=${`Copy ${what}`}>${done ? "Copied" : "Copy"}</button>`;
}

export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2><p>${children}</p></div>`;
}
