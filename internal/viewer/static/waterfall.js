// The waterfall is a tree of spans. Each span has a bar that shows when the span ran.
// Only the visible rows are in the document.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./dom.js";
import { duration } from "./format.js";
import { colorOf, reveal, useKeys, useNarrow, useWindow } from "./parts.js";

export function Waterfall({ tree, selected, onSelect, critical }) {
  const narrow = useNarrow();
  const rowHeight = narrow ? 46 : 28;
  const scroller = useRef();
  const [collapsed, setCollapsed] = useState(new Set());
  const [zoom, setZoom] = useState([0, 1]);
  const [focus, setFocus] = useState(selected);
  const { rows, services } = tree;
  const total = Math.max(tree.duration, 1);
  const view = [zoom[0] * total, zoom[1] * total];

  const hasChildren = useMemo(() => {
    const parents = new Uint8Array(rows.length);
    for (const row of rows) if (row.p >= 0) parents[row.p] = 1;
    return parents;
  }, [rows]);
  const visible = useMemo(() => visibleRows(rows, collapsed), [rows, collapsed]);
  const place = useMemo(() => new Map(visible.map((row, i) => [rows[row].i, i])), [visible]);
  const within = useWindow(scroller, visible.length, rowHeight);

  // If an ancestor of the selected span is collapsed, expand it.
  useEffect(() => {
    if (!selected) return;
    setFocus(selected);
    if (place.has(selected)) return;
    const next = new Set(collapsed);
    for (let at = rows.findIndex((r) => r.i === selected); at >= 0; at = rows[at].p) next.delete(rows[at].i);
    if (next.size !== collapsed.size) setCollapsed(next);
  }, [selected, rows]);
  useLayoutEffect(() => {
    if (place.has(focus)) reveal(scroller.current, place.get(focus), rowHeight);
  }, [focus, rowHeight]);

  const at = place.get(focus) ?? -1;
  const row = at >= 0 ? rows[visible[at]] : undefined;
  const toggle = (id, to) => {
    const next = new Set(collapsed);
    if (to ?? !next.has(id)) next.add(id);
    else next.delete(id);
    setCollapsed(next);
  };
  const moveTo = (to) => {
    const next = Math.min(Math.max(to, 0), visible.length - 1);
    setFocus(rows[visible[next]].i);
    if (selected) onSelect(rows[visible[next]].i);
  };
  const scale = (factor) => {
    const center = row ? clamp((row.t + row.u / 2) / total, zoom[0], zoom[1]) : (zoom[0] + zoom[1]) / 2;
    setZoom(windowAround(center, (zoom[1] - zoom[0]) * factor));
  };
  const shift = (part) => setZoom(windowAround((zoom[0] + zoom[1]) / 2 + part * (zoom[1] - zoom[0]), zoom[1] - zoom[0]));
  const actions = {
    ArrowDown: () => moveTo(at + 1),
    j: () => moveTo(at + 1),
    ArrowUp: () => moveTo(at - 1),
    k: () => moveTo(at - 1),
    Home: () => moveTo(0),
    End: () => moveTo(visible.length - 1),
    PageDown: () => moveTo(at + Math.floor(scroller.current.clientHeight / rowHeight) - 1),
    PageUp: () => moveTo(at - Math.floor(scroller.current.clientHeight / rowHeight) + 1),
    ArrowRight: () => {
      if (!row) moveTo(0);
      else if (collapsed.has(row.i)) toggle(row.i, false);
      else if (hasChildren[visible[at]]) moveTo(at + 1);
    },
    ArrowLeft: () => {
      if (row && hasChildren[visible[at]] && !collapsed.has(row.i)) toggle(row.i, true);
      else if (row && row.p >= 0) moveTo(place.get(rows[row.p].i));
    },
    Enter: () => row && onSelect(selected === row.i ? "" : row.i),
    e: () => {
      const next = nextFailed(rows, row ? visible[at] : -1);
      if (next) onSelect(next.i);
    },
    z: () => row && setZoom(windowAround((row.t + row.u / 2) / total, Math.max(row.u / total, 1e-6) * 1.1)),
    "+": () => scale(0.5),
    "=": () => scale(0.5),
    "-": () => scale(2),
    0: () => setZoom([0, 1]),
    "[": () => shift(-0.25),
    "]": () => shift(0.25),
  };
  useKeys((event) => {
    const action = actions[event.key];
    const elsewhere = event.target.closest("aside, header, .trace-head");
    if (!action || (elsewhere && /^(Arrow|Enter|Home|End|Page)/.test(event.key))) return;
    event.preventDefault();
    action();
  });

  const drawn = visible.slice(within.first, within.last);
  return html`
    <section class="waterfall" aria-label="Spans">
      <${Overview} tree=${tree} zoom=${zoom} onZoom=${setZoom} />
      <div class="axis" aria-hidden="true">
        <span class="axis-name">${visible.length === rows.length ? "Span" : `${visible.length} of ${rows.length} spans`}</span>
        <span class="ticks">${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<i style=${{ left: `${100 * part}%` }}><b>${duration(view[0] + part * (view[1] - view[0]))}</b></i>`)}</span>
      </div>
      <div class="scroller" ref=${scroller} role="treegrid" tabindex="0" aria-label=${`Spans of ${tree.name}`} aria-rowcount=${visible.length} aria-colcount="2"
        aria-activedescendant=${row && at >= within.first && at < within.last ? `s-${row.i}` : undefined} onFocus=${() => !row && setFocus(rows[visible[0]]?.i)}>
        <div class="rows" role="presentation" style=${{ height: `${visible.length * rowHeight}px` }}>
          ${drawn.map((index, i) => html`<${Row} key=${rows[index].i} row=${rows[index]} service=${services[rows[index].s ?? 0]} top=${(within.first + i) * rowHeight} height=${rowHeight}
            position=${within.first + i + 1} view=${view} narrow=${narrow} critical=${critical} parent=${hasChildren[index] === 1} collapsed=${collapsed.has(rows[index].i)}
            active=${rows[index].i === focus} selected=${rows[index].i === selected} onSelect=${onSelect} onToggle=${toggle} />`)}
        </div>
      </div>
    </section>`;
}

// visibleRows returns the indices of the rows that have no collapsed ancestor.
function visibleRows(rows, collapsed) {
  const hidden = new Uint8Array(rows.length);
  const visible = [];
  rows.forEach((row, i) => {
    if (row.p >= 0 && (hidden[row.p] || collapsed.has(rows[row.p].i))) hidden[i] = 1;
    else visible.push(i);
  });
  return visible;
}

function nextFailed(rows, from) {
  for (let i = 1; i <= rows.length; i++) {
    const row = rows[(from + i) % rows.length];
    if (row.e) return row;
  }
  return undefined;
}

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

function windowAround(center, size) {
  size = clamp(size, 1e-6, 1);
  const from = clamp(center - size / 2, 0, 1 - size);
  return [from, from + size];
}

function Row({ row, service, top, height, position, view, narrow, critical, parent, collapsed, active, selected, onSelect, onToggle }) {
  const depth = row.d ?? 0;
  const name = html`
    <span class="label" style=${{ paddingLeft: `${Math.min(depth, narrow ? 8 : 24) * (narrow ? 10 : 14)}px` }}>
      ${parent
        ? html`<button type="button" class="caret" tabindex="-1" aria-hidden="true" onClick=${(e) => { e.stopPropagation(); onToggle(row.i); }}>${collapsed ? "▸" : "▾"}</button>`
        : html`<span class="caret"></span>`}
      <i class="dot ${colorOf(row.y || service)}"></i>
      ${row.e && html`<span class="mark"><span aria-hidden="true">✗</span><span class="unseen">error</span></span>`}
      <b>${row.n}</b>
      ${row.k && row.k !== "internal" && html`<span class="kind">${row.k}</span>`}
      ${row.x && html`<span class="details">${row.x}</span>`}
    </span>`;
  const said = [service, row.o && "its parent did not arrive", critical && row.c && "on the critical path"].filter(Boolean).join(", ");
  return html`<div id=${`s-${row.i}`} role="row" class="span-row ${active ? "active" : ""} ${selected ? "selected" : ""} ${row.e ? "failed" : ""}" style=${{ top: `${top}px`, height: `${height}px` }}
      aria-level=${depth + 1} aria-rowindex=${position} aria-selected=${selected} aria-expanded=${parent ? !collapsed : undefined} onClick=${() => onSelect(selected ? "" : row.i)}>
    <span role="gridcell" class="name-cell">${name}<span class="unseen">, ${said}, </span><span class="took">${duration(row.u)}</span></span>
    <span role="gridcell" class="time-cell"><${Bar} row=${row} color=${colorOf(row.y || service)} view=${view} critical=${critical} /></span>
  </div>`;
}

function Bar({ row, color, view, critical }) {
  const size = view[1] - view[0];
  const part = (ns) => (100 * (ns - view[0])) / size;
  const from = part(row.t);
  const to = part(row.t + row.u);
  if (to < 0) return html`<span class="beyond">‹</span>`;
  if (from > 100) return html`<span class="beyond right">›</span>`;
  const left = Math.max(from, 0);
  const right = Math.min(to, 100);
  const segments = critical ? criticalParts(row, view) : [[0, 100]];
  return html`
    <span class="bar ${color} ${row.e ? "failed" : ""}" style=${{ left: `${left}%`, width: `${Math.max(right - left, 0)}%` }}>
      ${segments.filter(([, width]) => width > 0).map(([at, width]) => html`<i style=${{ left: `${at}%`, width: `${width}%` }}></i>`)}
    </span>`;
}

// criticalParts returns the parts of a bar during which the caller waited for the span.
// Each part has a start and a width, in percent of the visible part of the bar.
function criticalParts(row, view) {
  const begin = Math.max(row.t, view[0]);
  const length = Math.max(Math.min(row.t + row.u, view[1]) - begin, 1);
  return (row.c ?? []).map(([from, to]) => {
    const at = Math.max(from, begin);
    return [(100 * (at - begin)) / length, (100 * (Math.min(to, view[1]) - at)) / length];
  });
}

// Overview draws the whole trace in a small strip. The user drags over the strip to
// zoom.
function Overview({ tree, zoom, onZoom }) {
  const canvas = useRef();
  const [drag, setDrag] = useState(null);
  useLayoutEffect(() => {
    const paint = () => paintOverview(canvas.current, tree);
    paint();
    const size = new ResizeObserver(paint);
    size.observe(canvas.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", paint);
    return () => {
      size.disconnect();
      scheme.removeEventListener("change", paint);
    };
  }, [tree]);
  const part = (event) => {
    const box = canvas.current.getBoundingClientRect();
    return clamp((event.clientX - box.left) / box.width, 0, 1);
  };
  const end = (event) => {
    if (!drag) return;
    const [a, b] = [drag[0], part(event)].sort((x, y) => x - y);
    setDrag(null);
    if (b - a > 0.005) onZoom([a, b]);
    else if (zoom[0] > 0 || zoom[1] < 1) onZoom(windowAround(a, zoom[1] - zoom[0]));
  };
  const shown = drag ? [...drag].sort((x, y) => x - y) : zoom;
  const zoomed = zoom[0] > 0 || zoom[1] < 1;
  return html`<div class="overview">
    <div class="strip" onPointerDown=${(e) => { e.currentTarget.setPointerCapture(e.pointerId); setDrag([part(e), part(e)]); }}
      onPointerMove=${(e) => drag && setDrag([drag[0], part(e)])} onPointerUp=${end} onDblClick=${() => onZoom([0, 1])} title="Drag to zoom, double-click to see the whole trace">
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      ${(zoomed || drag) && html`<i class="shade" style=${{ left: 0, width: `${100 * shown[0]}%` }}></i><i class="shade" style=${{ left: `${100 * shown[1]}%`, right: 0 }}></i>`}
    </div>
    ${zoomed && html`<button type="button" class="quiet" onClick=${() => onZoom([0, 1])}>Whole trace</button>`}
  </div>`;
}

function paintOverview(canvas, tree) {
  const box = canvas.getBoundingClientRect();
  const density = devicePixelRatio || 1;
  canvas.width = box.width * density;
  canvas.height = box.height * density;
  const style = getComputedStyle(canvas);
  const paint = canvas.getContext("2d");
  const total = Math.max(tree.duration, 1);
  const height = canvas.height / Math.max(tree.rows.length, 8);
  const color = new Map();
  const colorFor = (name) => color.get(name) ?? color.set(name, style.getPropertyValue(`--${colorOf(name)}`)).get(name);
  const bad = style.getPropertyValue("--bad");
  tree.rows.forEach((row, i) => {
    paint.fillStyle = row.e ? bad : colorFor(row.y || tree.services[row.s ?? 0]);
    paint.fillRect((row.t / total) * canvas.width, i * height, Math.max((row.u / total) * canvas.width, density), Math.max(height * 0.7, 0.5));
  });
}
