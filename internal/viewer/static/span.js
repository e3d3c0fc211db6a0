// The details of one span.
import { html } from "./dom.js";
import { useData } from "./api.js";
import { duration, percent, plural, time } from "./format.js";
import { link } from "./route.js";
import { Copy, Service } from "./parts.js";

export function SpanPanel({ trace, span, revision, tree, onSelect }) {
  const { data, error, path } = useData(`traces/${trace}/spans/${span}`, revision);
  if (error) return html`<p class="lead">${error}</p>`;
  if (!data || !path.endsWith(span)) return null;
  const own = ownTime(tree, span);
  return html`
    <h2 class="span-name">${data.name}</h2>
    <p class="span-line"><${Service} name=${data.service} /> ${data.kind && html`<span class="faint">${data.kind}</span>`} <${Status} span=${data} /></p>
    ${data.message && html`<p class="bad message">${data.message}</p>`}
    <dl class="facts">
      <div><dt>Duration</dt><dd>${duration(data.duration)}</dd></div>
      <div><dt>Started</dt><dd title=${time(data.start)}>at ${duration(data.offset)}</dd></div>
      ${own.children > 0 && html`<div><dt>Outside its children</dt><dd>${duration(own.time)}</dd></div>`}
      ${own.critical > 0 && html`<div><dt>On the critical path</dt><dd>${duration(own.critical)} <span class="faint">${percent(own.critical / (tree.waited || 1))}</span></dd></div>`}
    </dl>
    ${data.events.length > 0 && html`<${Events} events=${data.events} />`}
    ${data.links.length > 0 && html`<${Links} links=${data.links} />`}
    <${Attributes} title="Attributes" list=${data.attributes} search />
    <details><summary>Resource <span class="count">${data.resource.length}</span></summary><${Attributes} list=${data.resource} search /></details>
    <dl class="ids">
      <div><dt>Span</dt><dd><code>${data.id}</code><${Copy} text=${data.id} what="the span's ID" /></dd></div>
      ${data.parent && html`<div><dt>Parent</dt><dd>${data.parentHere
        ? html`<button type="button" class="link" onClick=${() => onSelect(data.parent)}>${data.parent}</button>`
        : html`<code>${data.parent}</code> <span class="faint">not found</span>`}</dd></div>`}
      <div><dt>Trace</dt><dd><code>${trace}</code><${Copy} text=${trace} what="the trace's ID" /></dd></div>
      ${data.scope && html`<div><dt>Scope</dt><dd>${data.scope}</dd></div>`}
      ${data.traceState && html`<div><dt>Trace state</dt><dd><code>${data.traceState}</code></dd></div>`}
      ${data.dropped > 0 && html`<div><dt>Dropped</dt><dd>${plural(data.dropped, "item")} (attributes, events or links)</dd></div>`}
    </dl>`;
}

function Status({ span }) {
  if (span.status === "error") return html`<span class="code bad">error</span>`;
  return span.status === "ok" && html`<span class="code good">ok</span>`;
}

// ownTime returns three values about a span: the time during which no child span ran,
// the number of child spans, and the time during which the span is on the critical
// path.
function ownTime(tree, id) {
  const at = tree.rows.findIndex((r) => r.i === id);
  const row = tree.rows[at];
  if (!row) return { time: 0, children: 0, critical: 0 };
  const children = [];
  for (let i = at + 1; i < tree.rows.length && (tree.rows[i].d ?? 0) > (row.d ?? 0); i++) {
    if (tree.rows[i].p === at) children.push([tree.rows[i].t, tree.rows[i].t + tree.rows[i].u]);
  }
  let covered = 0;
  let reached = row.t;
  for (const [from, to] of children.sort((a, b) => a[0] - b[0])) {
    const begin = Math.max(from, reached);
    const end = Math.min(to, row.t + row.u);
    if (end > begin) {
      covered += end - begin;
      reached = end;
    }
  }
  return { time: row.u - covered, children: children.length, critical: (row.c ?? []).reduce((sum, [a, b]) => sum + b - a, 0) };
}

function Attributes({ title, list, search }) {
  if (list.length === 0) return null;
  return html`
    ${title && html`<h3>${title} <span class="count">${list.length}</span></h3>`}
    <dl class="attributes">
      ${list.map((a) => html`<div>
        <dt>${a.key}${a.twin && html`<span class="twin" title=${`${a.twin.key}: the older name, which Nais APM reads`}>${a.twin.key}${a.twin.value !== a.value ? ` = ${a.twin.value}` : ""}</span>`}</dt>
        <dd class=${a.type}>${a.value === "" ? html`<span class="faint">(empty)</span>` : a.value}
          ${search && html`<a class="find" href=${link("traces", { q: `${a.key}=${a.value}`.slice(0, 200) })} aria-label=${`Find traces with this ${a.key}`}>find</a>`}</dd>
      </div>`)}
    </dl>`;
}

function Events({ events }) {
  return html`<h3>Events <span class="count">${events.length}</span></h3>
    <ol class="events">${events.map((e) => html`<li>
      <p><span class="at">+${duration(e.offset)}</span> <b class=${e.exception ? "bad" : ""}>${e.exception || e.name}</b></p>
      ${e.stack && html`<details open=${events.length === 1}><summary>Stack</summary><pre tabindex="0" aria-label="Stack">${e.stack}</pre></details>`}
      <${Attributes} list=${e.attributes} />
    </li>`)}</ol>`;
}

function Links({ links }) {
  return html`<h3>Links <span class="count">${links.length}</span></h3>
    <ul class="links">${links.map((l) => html`<li>
      ${l.here
        ? html`<a href=${link(`trace/${l.trace}`, { span: l.span })}>${l.name || `span ${l.span}`}</a> ${l.service && html`<${Service} name=${l.service} />`}`
        : html`<code>${l.trace}</code> <span class="faint">span ${l.span}, not found</span>`}
      <${Attributes} list=${l.attributes} />
    </li>`)}</ul>`;
}
