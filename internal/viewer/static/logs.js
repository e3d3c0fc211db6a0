// The log records of one trace, or of all traces.
import { html, useLayoutEffect, useRef } from "./dom.js";
import { useData, useFresh } from "./api.js";
import { count, duration, time } from "./format.js";
import { link, replace } from "./route.js";
import { Empty, TimeRange } from "./parts.js";

const shown = 500;

export function LogPage({ params, server }) {
  const filter = Object.fromEntries(params);
  const { data, error } = useData(`logs?${new URLSearchParams({ ...filter, limit: shown })}`, useFresh(server.revision, server.live && filter.since));
  const set = (key, value) => replace("logs", { ...filter, [key]: value });
  const scroller = useRef();
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (scroller.current && atEnd.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [data]);
  return html`
    <h1 class="unseen">Logs</h1>
    <form class="filters shown" role="search" aria-label="Logs" onSubmit=${(e) => e.preventDefault()}>
      <input id="search" type="search" placeholder="Search messages and fields" aria-label="Search messages and fields" autocomplete="off" spellcheck=${false} value=${filter.q ?? ""} onInput=${(e) => set("q", e.target.value)} />
      <${TimeRange} value=${filter.since} onChange=${(v) => set("since", v)} />
      <select aria-label="Level" value=${filter.level ?? ""} onChange=${(e) => set("level", e.target.value)}>
        <option value="">Any level</option>
        <option value="info">info and worse</option>
        <option value="warn">warn and worse</option>
        <option value="error">error</option>
      </select>
      <p class="found" role="status">${error ? html`<span class="bad">${error}</span>` : data && `${count(data.found)} ${data.found === 1 ? "record" : "records"}${data.found > shown ? `, the newest ${shown} shown` : ""}`}</p>
    </form>
    <div class="scroller" ref=${scroller} tabindex="0" role="region" aria-label="Log records" onScroll=${(e) => { const s = e.currentTarget; atEnd.current = s.scrollHeight - s.scrollTop - s.clientHeight < 40; }}>
      ${data && (data.found ? html`<${Logs} logs=${data.logs} />` : html`<${Empty} title="No log records">This page shows the lines that the program writes to stdout and stderr, and the log records that it sends over OTLP.<//>`)}
    </div>`;
}

export function Logs({ logs, inTrace, selected, onSelect }) {
  return html`<ol class="logs">${logs.map((l, i) => html`
    <li key=${`${l.time}${i}`} class="${l.level} ${selected && l.span === selected ? "selected" : ""}">
      <span class="at" title=${time(l.time)}>${inTrace && l.here ? `+${duration(l.offset)}` : time(l.time)}</span>
      <span class="level">${l.level || "–"}</span>
      <${Message} log=${l} />
      <span class="where">
        <span class="faint">${l.service} · ${l.source}</span>
        ${inTrace && l.span && html`<button type="button" class="link" onClick=${() => onSelect(l.span)}>span</button>`}
        ${!inTrace && l.here && html`<a href=${link(`trace/${l.trace}`, { span: l.span, tab: l.span ? "" : "logs" })}>trace</a>`}
      </span>
    </li>`)}</ol>`;
}

function Message({ log }) {
  const message = log.message || "(no message)";
  if (!log.stack && log.fields.length === 0) return html`<span class="text">${message}</span>`;
  const fields = log.fields.slice(0, 4).map((f) => `${f.key}=${f.value.slice(0, 80)}`).join(" ");
  return html`<details class="text"><summary><span>${message}</span> <span class="faint">${fields}</span></summary>
    ${log.fields.length > 0 && html`<dl class="attributes">${log.fields.map((f) => html`<div><dt>${f.key}</dt><dd>${f.value}</dd></div>`)}</dl>`}
    ${log.stack && html`<pre tabindex="0" aria-label="Stack">${log.stack}</pre>`}
  </details>`;
}
