// The list of traces, with search and filters.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { useData, useFresh, useSlow } from "./api.js";
import { count, duration, plural, time } from "./format.js";
import { link, replace } from "./route.js";
import { Empty, reveal, Service, TimeRange, useKeys, useNarrow, useWindow } from "./parts.js";

const step = 120; // number of rows per fetch
const kinds = ["server", "client", "producer", "consumer", "internal"];

export function TraceList({ params, server }) {
  const narrow = useNarrow();
  const rowHeight = narrow ? 58 : 34;
  const scroller = useRef();
  const [limit, setLimit] = useState(step);
  const [paused, setPaused] = useState(null);
  const [active, setActive] = useState("");
  const [shown, setShown] = useState(false);
  const filter = Object.fromEntries(params);
  const query = new URLSearchParams({ ...filter, limit }).toString();
  const { data, error } = useData(`traces?${query}`, useFresh(paused ?? server.revision, server.live && filter.since && paused === null));
  const { data: facets } = useData("facets", useSlow(server.revision, 1000));
  const set = (key, value) => {
    setLimit(step);
    replace("traces", { ...filter, [key]: value });
  };
  const traces = data?.traces ?? [];
  const found = data?.found ?? 0;
  const view = useWindow(scroller, found, rowHeight);

  useEffect(() => {
    if (view.last >= limit && limit < found) setLimit(limit + step * Math.ceil((view.last - limit + 1) / step));
  }, [view.last, limit, found]);
  useAnchor(scroller, traces, rowHeight);

  const index = traces.findIndex((t) => t.id === active);
  const move = (to) => {
    if (!traces.length) return;
    const next = Math.min(Math.max(to, 0), traces.length - 1);
    setActive(traces[next].id);
    reveal(scroller.current, next, rowHeight);
    requestAnimationFrame(() => document.getElementById(`t-${traces[next].id}`)?.focus());
  };
  useKeys((event) => {
    if (event.key === "ArrowDown" || event.key === "j") move(index + 1);
    else if (event.key === "ArrowUp" || event.key === "k") move(index - 1);
    else if (event.key === "Home" && index >= 0) move(0);
    else if (event.key === "End" && index >= 0) move(traces.length - 1);
    else return;
    event.preventDefault();
  });

  const used = Object.entries(filter).filter(([key, v]) => v && key !== "q" && key !== "sort").length;
  return html`
    <h1 class="unseen">Traces</h1>
    <form class="filters ${shown ? "shown" : ""}" role="search" aria-label="Traces" onSubmit=${(e) => { e.preventDefault(); move(0); }}>
      <input id="search" type="search" placeholder="Search names and attributes" aria-label="Search names and attributes" autocomplete="off" spellcheck=${false}
        value=${filter.q ?? ""} onInput=${(e) => set("q", e.target.value)} onKeyDown=${(e) => e.key === "ArrowDown" && (e.preventDefault(), move(0))} />
      <button type="button" class="more" aria-expanded=${shown} onClick=${() => setShown(!shown)}>Filters${used ? ` (${used})` : ""}</button>
      <div class="more-filters">
        <${TimeRange} value=${filter.since} onChange=${(v) => set("since", v)} />
        <${Select} label="Service" value=${filter.service} options=${facets?.services ?? []} onChange=${(v) => set("service", v)} />
        <${Select} label="Status" value=${filter.status} options=${["error", "ok"]} onChange=${(v) => set("status", v)} />
        <${Select} label="Kind" value=${filter.kind} options=${kinds} onChange=${(v) => set("kind", v)} />
        ${filter.operation && html`<${Select} label="Operation" value=${filter.operation} options=${[]} onChange=${(v) => set("operation", v)} />`}
        <input class="min" placeholder="Min ms" aria-label="Minimum duration: ms, or with a unit" inputmode="text" value=${filter.min ?? ""} onInput=${(e) => set("min", e.target.value)} aria-invalid=${error?.startsWith("duration") ? "true" : undefined} />
        ${(!filter.operation || filter.route) && html`<input class="route" placeholder="Route" aria-label="Route" list="routes" value=${filter.route ?? ""} onInput=${(e) => set("route", e.target.value)} />`}
        <datalist id="routes">${facets?.routes.map((r) => html`<option value=${r}></option>`)}</datalist>
        <select aria-label="Order" value=${filter.sort ?? ""} onChange=${(e) => set("sort", e.target.value)}>
          <option value="">Newest first</option>
          <option value="slowest">Slowest first</option>
        </select>
        ${(used > 0 || filter.q) && html`<button type="button" class="quiet" onClick=${() => replace("traces")}>Clear</button>`}
      </div>
      <p class="found" role="status">${error ? html`<span class="bad">${error}</span>` : found === server.traces ? plural(found, "trace") : `${count(found)} of ${plural(server.traces ?? 0, "trace")}`}</p>
      ${server.live && html`<button type="button" class="quiet pause" aria-pressed=${paused !== null} onClick=${() => setPaused(paused === null ? server.revision : null)}>${paused === null ? "Pause" : "Resume"}</button>`}
    </form>
    ${!narrow && html`<div class="trace-row head" aria-hidden="true"><span></span><span>Trace</span><span>Services</span><span>Duration</span><span class="number">Spans</span><span class="number">Started</span></div>`}
    <div class="scroller" ref=${scroller} tabindex="-1">
      ${data && found === 0 && html`<${Nothing} server=${server} filtered=${used > 0 || filter.q} />`}
      <ol class="rows" style=${{ height: `${found * rowHeight}px` }} aria-label="Traces">
        ${traces.slice(view.first, view.last).map((t, i) => html`
          <${Line} key=${t.id} trace=${t} top=${(view.first + i) * rowHeight} height=${rowHeight} longest=${data.longest}
            position=${view.first + i + 1} of=${found} active=${t.id === active} narrow=${narrow} />`)}
      </ol>
    </div>`;
}

function Line({ trace: t, top, height, longest, position, of, active, narrow }) {
  const services = t.services ?? [];
  const mark = html`<span class="mark">${t.errors > 0 && html`<span aria-hidden="true">✗</span><span class="unseen">${plural(t.errors, "error")}</span>`}</span>`;
  const name = html`<span class="name"><b>${t.name}</b>${t.status && html`<span class="code ${statusClass(t.status)}">${t.status}</span>`}</span>`;
  const bar = html`<span class="length"><span>${duration(t.duration)}</span><i style=${{ width: `${Math.max(1, 100 * t.duration / longest)}%` }}></i></span>`;
  const parts = html`<span class="parts">${services.slice(0, 4).map((s) => html`<${Service} name=${s} />`)}${services.length > 4 && html`<span class="faint">+${services.length - 4}</span>`}</span>`;
  return html`<li style=${{ top: `${top}px`, height: `${height}px` }} aria-setsize=${of} aria-posinset=${position}>
    <a id=${`t-${t.id}`} class="trace-row ${active ? "active" : ""}" href=${link(`trace/${t.id}`)}>
      ${narrow
        ? html`${mark}${name}${bar}${parts}<span class="rest">${plural(t.spans, "span")} · ${time(t.start)}</span>`
        : html`${mark}${name}${parts}${bar}<span class="number">${count(t.spans)}<span class="unseen"> spans</span></span><span class="number faint">${time(t.start)}</span>`}
    </a>
  </li>`;
}

// statusClass returns the CSS class of an HTTP status: "bad" for 5xx, "warn" for 4xx.
function statusClass(status) {
  if (/^5\d\d$/.test(status)) return "bad";
  return /^4\d\d$/.test(status) ? "warn" : "";
}

function Select({ label, value, options, onChange }) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return html`<select aria-label=${label} class=${value ? "set" : ""} value=${value ?? ""} onChange=${(e) => onChange(e.target.value)}>
    <option value="">${label}: any</option>
    ${all.map((o) => html`<option value=${o}>${o}</option>`)}
  </select>`;
}

function Nothing({ server, filtered }) {
  if (filtered) return html`<${Empty} title="No trace matches">Remove a filter, or wait for more traces.<//>`;
  if (server.live) return html`<${Empty} title="Waiting for traces">Make a request to the program. Its traces appear here as soon as it has sent them.<//>`;
  return html`<${Empty} title="No traces">No trace was recorded.<//>`;
}

// When newer traces are added above the visible rows, useAnchor keeps the visible
// rows at the same place on the screen.
function useAnchor(scroller, traces, rowHeight) {
  const anchor = useRef(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const held = anchor.current;
    if (held && element.scrollTop > rowHeight) {
      const at = traces.findIndex((t) => t.id === held.id);
      if (at >= 0 && at !== held.at) element.scrollTop += (at - held.at) * rowHeight;
    }
  }, [traces]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const remember = () => {
      const at = Math.floor(element.scrollTop / rowHeight);
      anchor.current = traces[at] ? { id: traces[at].id, at } : null;
    };
    remember();
    element.addEventListener("scroll", remember, { passive: true });
    return () => element.removeEventListener("scroll", remember);
  }, [traces, rowHeight]);
}
