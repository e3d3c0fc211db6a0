import { html, render, useEffect, useRef, useState } from "./dom.js";
import { open, useData, useServer } from "./api.js";
import { bytes, count, plural, time } from "./format.js";
import { go, link, useRoute } from "./route.js";
import { useKeys } from "./parts.js";
import { TraceList } from "./list.js";
import { TracePage } from "./trace.js";
import { OperationPage } from "./operations.js";
import { MapPage } from "./map.js";
import { LogPage } from "./logs.js";
import { MetricPage } from "./metrics.js";
import { PanelPage } from "./panels.js";

const pages = [
  ["traces", "Traces", "traces"],
  ["operations", "Operations"],
  ["map", "Map"],
  ["logs", "Logs", "logs"],
  ["metrics", "Metrics"],
  ["panels", "Panels"],
];

function App() {
  const server = useServer();
  const route = useRoute();
  const help = useRef();
  const [trouble, setTrouble] = useState("");
  const last = useRef("traces"); // address of the list, for the way back
  const since = useRef(""); // the time range stays when the page changes
  if (route.page !== "trace") since.current = route.params.get("since") ?? "";

  useEffect(() => {
    if (route.page === "traces") last.current = link("traces", Object.fromEntries(route.params));
    setTrouble("");
  }, [location.hash]);
  useEffect(() => {
    if (server.title) document.title = `${server.title} · spor`;
  }, [server.title]);
  useKeys((event) => {
    const page = pages[Number(event.key) - 1];
    if (page) go(page[0], { since: since.current });
    else if (event.key === "?") help.current.showModal();
    else if (event.key === "/" && document.getElementById("search")) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
  const openFile = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    try {
      const { trace } = await open(file, server);
      if (trace) go(`trace/${trace}`);
    } catch (error) {
      setTrouble(`${file.name}: ${error.message}`);
    }
  };

  const current = route.page === "trace" ? "traces" : route.page;
  return html`
    <a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById("main").focus(); }}>Skip to content</a>
    <header class="top">
      <a class="brand" href=${link("traces")}><img src="icon.svg" alt="" width="18" height="18" />spor${server.title && html`<span class="run">${server.title}</span>`}</a>
      <nav aria-label="Pages">
        ${pages.map(([page, name, counted]) => html`
          <a href=${link(page, { since: since.current })} aria-current=${current === page ? "page" : undefined}>${name}${counted && server[counted] ? html` <span class="count">${count(server[counted])}</span>` : ""}</a>`)}
      </nav>
      <div class="tools">
        <${Runs} server=${server} />
        <${Status} server=${server} />
        <label class="button">Open…<input type="file" class="unseen" accept=".jsonl,.json,.ndjson" onChange=${openFile} aria-label="Open a recording or a shared trace" /></label>
        <button type="button" class="quiet" onClick=${() => help.current.showModal()} aria-label="Keyboard help">?</button>
      </div>
    </header>
    <${Notice} server=${server} trouble=${trouble} />
    <main id="main" tabindex="-1">
      ${route.page === "trace" && html`<${TracePage} key=${route.id + server.store} id=${route.id} params=${route.params} server=${server} back=${last.current} />`}
      ${route.page === "traces" && html`<${TraceList} key=${server.store} params=${route.params} server=${server} />`}
      ${route.page === "operations" && html`<${OperationPage} params=${route.params} server=${server} />`}
      ${route.page === "map" && html`<${MapPage} server=${server} />`}
      ${route.page === "logs" && html`<${LogPage} params=${route.params} server=${server} />`}
      ${route.page === "panels" && html`<${PanelPage} server=${server} />`}
      ${route.page === "metrics" && html`<${MetricPage} server=${server} />`}
    </main>
    <${Help} dialog=${help} />`;
}

// Runs is the list of runs that spor has kept. The pages of a run are at run/ID/.
function Runs({ server }) {
  const { data } = useData("runs", server.store);
  if (!data?.runs?.length) return null;
  const show = (id) => location.assign(`${data.shown ? "../../" : ""}${id ? `run/${encodeURIComponent(id)}/` : ""}` || ".");
  return html`<select class="runs" aria-label="Run" value=${data.shown} onChange=${(e) => show(e.target.value)}>
    <option value="">This session</option>
    ${data.runs.map((run) => html`<option value=${run.id}>${run.name} ${time(Date.parse(run.start))}</option>`)}
  </select>`;
}

function Status({ server }) {
  let text = "Recording";
  let state = "still";
  if (!server.connected) [text, state] = server.store ? ["Not connected", "lost"] : ["Connecting", "still"];
  else if (server.live) [text, state] = ["Live", "live"];
  else if (server.ended) text = "Ended";
  return html`<span class="status ${state}" role="status"><i></i>${text}</span>`;
}

// Notice shows errors, and the number of items that the server has dropped.
function Notice({ server, trouble }) {
  const d = server.dropped ?? {};
  const notices = [];
  if (trouble) notices.push(trouble);
  if (server.store && !server.connected) notices.push("spor has ended. This page shows the data that it has already loaded. The next run of spor prints a new link.");
  if (d.traces) notices.push(`The oldest ${plural(d.traces, "trace")} ${d.traces === 1 ? "was" : "were"} dropped: at most ${count(server.bounds.traces)} traces and ${bytes(server.bounds.bytes)} are kept.`);
  if (d.spans) notices.push(`Dropped ${plural(d.spans, "span")} of traces that are larger than ${bytes(server.bounds.bytes)}.`);
  if (d.invalid) notices.push(`Dropped ${plural(d.invalid, "span")} without a valid ID.`);
  if (d.logs) notices.push(`Dropped the oldest ${plural(d.logs, "log record")}.`);
  if (d.series) notices.push(`Dropped ${plural(d.series, "data point")}, because there are too many metric series.`);
  return notices.length > 0 && html`<div class="notice" role="status">${notices.map((text) => html`<p>${text}</p>`)}</div>`;
}

function Help({ dialog }) {
  const keys = [
    ["1 … 6", "open a page; the pages are numbered from left to right"],
    ["/", "search"],
    ["↑ ↓ or k j", "move up and down in a list or a trace"],
    ["Enter", "open the trace, or show the span"],
    ["← →", "collapse and expand a span, or move to its parent and its first child"],
    ["c", "show or hide the critical path"],
    ["e", "go to the next span with an error"],
    ["z", "zoom to the span"],
    ["+ − 0", "zoom in, zoom out, show the whole trace"],
    ["[ ]", "move to an earlier or later part of the trace"],
    ["Esc", "close the span, or go back from the trace to the list"],
  ];
  return html`<dialog ref=${dialog} aria-labelledby="help-title" onClick=${(e) => e.target === dialog.current && dialog.current.close()}>
    <h2 id="help-title">Keys</h2>
    <dl class="keys">${keys.map(([key, text]) => html`<div><dt>${key}</dt><dd>${text}</dd></div>`)}</dl>
    <form method="dialog"><button type="submit">Close</button></form>
  </dialog>`;
}

render(html`<${App} />`, document.getElementById("app"));
