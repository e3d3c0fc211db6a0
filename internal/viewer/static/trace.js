// One trace: the waterfall, and next to the waterfall the selected span, the shares of
// the critical path, and the logs.
import { html, useEffect, useMemo, useRef, useState } from "./dom.js";
import { get, useData } from "./api.js";
import { count, duration, percent, plural, time } from "./format.js";
import { replace } from "./route.js";
import { Empty, Service, useKeys, useNarrow } from "./parts.js";
import { Waterfall } from "./waterfall.js";
import { SpanPanel } from "./span.js";
import { Logs } from "./logs.js";

const tabs = [["span", "Span"], ["time", "Where the time went"], ["logs", "Logs"]];

export function TracePage({ id, params, server, back }) {
  const { tree, error } = useTree(id, server.revision);
  const narrow = useNarrow();
  const [critical, setCritical] = useState(true);
  const selected = params.get("span") ?? "";
  const tab = params.get("tab") ?? (selected ? "span" : narrow ? "" : "time");
  const show = (next) => replace(`trace/${id}`, { span: selected, tab, ...next });
  const select = (span) => show({ span, tab: span ? "span" : "" });

  useKeys((event) => {
    if (event.key === "c") setCritical(!critical);
    else if (event.key === "Escape") selected || (narrow && tab) ? select("") : location.assign(back);
    else return;
    event.preventDefault();
  });
  const legend = useMemo(() => tree && [...new Set([...tree.services, ...tree.rows.map((r) => r.y).filter(Boolean)])].slice(0, 12), [tree]);
  if (error && !tree) return html`<${Empty} title="This trace is not here">${error}. <a href=${back}>Back to the list</a><//>`;
  if (!tree) return null;

  return html`
    <div class="trace-head">
      <a class="back" href=${back} aria-label="Back to the list">←</a>
      <h1>${tree.name}</h1>
      ${tree.status && html`<span class="code ${tree.errors ? "bad" : ""}">${tree.status}</span>`}
      <dl class="figures">
        <div><dt>Duration</dt><dd>${duration(tree.duration)}</dd></div>
        <div><dt>Spans</dt><dd>${count(tree.spans)}</dd></div>
        ${tree.errors > 0 && html`<div class="bad"><dt>Errors</dt><dd>${count(tree.errors)}</dd></div>`}
        <div class="wide"><dt>Started</dt><dd>${time(tree.start)}</dd></div>
      </dl>
      <div class="legend">${legend.map((name) => html`<${Service} name=${name} />`)}</div>
      <div class="tools">
        <button type="button" aria-pressed=${critical} onClick=${() => setCritical(!critical)} title="The time that the caller waited for is solid, the rest is pale (key: c)">Critical path</button>
        <a class="button" href=${`api/traces/${id}/file`} download>Share<span class="wide"> as a file</span></a>
      </div>
    </div>
    ${!tree.complete && html`<p class="notice" role="status">${tree.dropped ? `${plural(tree.dropped, "span")} of this trace did not fit into memory.` : "Spans are missing. They have not arrived yet, or a program in this trace does not send spans."}</p>`}
    <div class="trace-body">
      <${Waterfall} tree=${tree} selected=${selected} onSelect=${select} critical=${critical} />
      <aside class=${tab ? "open" : ""} aria-label="About this trace">
        <div class="tabs"><div role="tablist" aria-label="About this trace">
          ${tabs.filter(([key]) => key !== "span" || selected).map(([key, name]) => html`
            <button type="button" role="tab" id=${`tab-${key}`} aria-controls="tab-panel" aria-selected=${tab === key} tabindex=${tab === key || (!tab && key === "time") ? 0 : -1}
              onClick=${() => show({ tab: narrow && tab === key ? "" : key })} onKeyDown=${roam}>${name}${key === "logs" ? html` <${LogCount} tree=${tree} />` : ""}</button>`)}</div>
          ${selected && html`<button type="button" class="quiet close" onClick=${() => select("")} aria-label="Close the span">✕</button>`}
        </div>
        <div id="tab-panel" class="panel" role="tabpanel" aria-labelledby=${tab ? `tab-${tab}` : undefined} tabindex="0">
          ${tab === "span" && selected && html`<${SpanPanel} trace=${id} span=${selected} revision=${tree.revision} tree=${tree} onSelect=${select} />`}
          ${tab === "time" && html`<${Time} tree=${tree} onSelect=${select} />`}
          ${tab === "logs" && html`<${TraceLogs} id=${id} revision=${server.revision} selected=${selected} onSelect=${select} />`}
        </div>
      </aside>
    </div>`;
}

// useTree fetches the trace. When spans or logs are added, it fetches the trace again.
function useTree(id, revision) {
  const [state, setState] = useState({});
  const known = useRef("");
  useEffect(() => {
    const abort = new AbortController();
    get(`traces/${id}?known=${known.current}`, abort.signal).then(
      (tree) => {
        if (!tree) return;
        known.current = tree.version;
        setState({ tree });
      },
      (error) => !abort.signal.aborted && setState((before) => ({ ...before, error: error.message })),
    );
    return () => abort.abort();
  }, [id, revision]);
  return state;
}

function LogCount({ tree }) {
  const n = useMemo(() => tree.rows.reduce((sum, row) => sum + (row.g ?? 0), 0), [tree]);
  return n > 0 && html`<span class="count">${count(n)}</span>`;
}

// roam selects the next or the previous tab when the user presses an arrow key.
function roam(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.parentElement.querySelectorAll("[role=tab]")];
  const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
  next.focus();
  next.click();
  event.preventDefault();
  event.stopPropagation();
}

// Time shows the shares of the critical path.
function Time({ tree, onSelect }) {
  const most = tree.path[0]?.time || 1;
  return html`
    <p class="lead">The caller waited <b>${duration(tree.waited)}</b>. It waited for these spans, the longest first:</p>
    <ol class="shares">
      ${tree.path.slice(0, 12).map((s) => html`<li>
        <button type="button" onClick=${() => onSelect(s.first)}>
          <span class="name">${s.name}${s.kind && s.kind !== "internal" && html` <span class="kind">${s.kind}</span>`}${s.spans > 1 && html` <span class="faint">× ${count(s.spans)}</span>`}</span>
          <span class="number">${duration(s.time)}</span>
          <span class="number faint">${percent(s.time / (tree.waited || 1))}</span>
          <${Service} name=${s.service} />
          <i class="share" style=${{ width: `${100 * s.time / most}%` }}></i>
        </button>
      </li>`)}
    </ol>
    ${tree.path.length > 12 && html`<p class="faint">and ${plural(tree.path.length - 12, "other name")}</p>`}
    ${tree.duration > tree.waited && html`<p class="faint">The trace continued for ${duration(tree.duration - tree.waited)} more. The caller did not wait for this part.</p>`}`;
}

function TraceLogs({ id, revision, selected, onSelect }) {
  const { data } = useData(`logs?trace=${id}`, revision);
  if (!data) return null;
  if (!data.found) return html`<p class="lead">No log line has the ID of this trace. <span class="faint">setup.LogHandler adds the ID to the lines that are logged with a context.</span></p>`;
  return html`<${Logs} logs=${data.logs} selected=${selected} onSelect=${onSelect} inTrace />`;
}
