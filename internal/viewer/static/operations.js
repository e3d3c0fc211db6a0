// The operations of the services, with rate, errors and duration.
import { html } from "./dom.js";
import { useData, useFresh, useSlow } from "./api.js";
import { count, duration, percent, plural, rate } from "./format.js";
import { link, replace } from "./route.js";
import { Empty, Service, TimeRange, useNarrow } from "./parts.js";

// The columns that are numbers show the largest value first.
const columns = [
  { key: "service", name: "Service", style: "wide" },
  { key: "name", name: "Operation", style: "" },
  { key: "kind", name: "Kind", style: "wide" },
  { key: "calls", name: "Calls", style: "number wide", number: true },
  { key: "rate", name: "Rate", style: "number", number: true },
  { key: "errors", name: "Errors", style: "number", number: true },
  { key: "median", name: "Median", style: "number wide", number: true },
  { key: "p95", name: "p95", style: "number", number: true },
];

export function OperationPage({ params, server }) {
  const { since = "", sort = "" } = Object.fromEntries(params);
  const { data, error } = useData(`operations?${new URLSearchParams({ since })}`, useFresh(useSlow(server.revision, 1000), server.live && since));
  const narrow = useNarrow();
  const by = columns.find((c) => c.key === sort.replace("-", "")) ?? columns.find((c) => c.key === "rate");
  const rising = sort.startsWith("-") === Boolean(by.number);
  const set = (filter) => replace("operations", { since, sort, ...filter });
  return html`
    <h1 class="unseen">Operations</h1>
    <form class="filters shown" aria-label="Operations" onSubmit=${(e) => e.preventDefault()}>
      <${TimeRange} value=${since} onChange=${(v) => set({ since: v })} />
      <p class="found" role="status">${error ? html`<span class="bad">${error}</span>` : data && `${plural(data.found, "operation")}${data.found > data.operations.length ? `, the ${data.operations.length} most frequent shown` : ""}`}</p>
    </form>
    <div class="scroller operations-page" tabindex="0" role="region" aria-label="Operations">
      ${data?.found === 0 && html`<${Empty} title="No operations">An operation is a route, an RPC method or a topic that a service serves. ${since ? "None was called in this time." : ""}<//>`}
      ${data?.found > 0 && html`<table class="operations">
        <caption>Server and consumer spans by name. Rates are for ${duration(data.seconds * 1e9)}.</caption>
        <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.style} aria-sort=${c !== by ? undefined : rising ? "ascending" : "descending"}>
          <button type="button" onClick=${() => set({ sort: c === by && sort !== `-${c.key}` ? `-${c.key}` : c.key })}>${c.name}<i aria-hidden="true">${c === by && (rising ? "▲" : "▼")}</i></button></th>`)}</tr></thead>
        <tbody>${sorted(data.operations, by.key, rising ? 1 : -1).map((o) => html`<${Line} key=${`${o.service}\n${o.kind}\n${o.name}`} operation=${o} since=${since} narrow=${narrow} />`)}</tbody>
      </table>`}
    </div>`;
}

function sorted(operations, key, sign) {
  return operations.toSorted((a, b) => sign * (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));
}

function Line({ operation: o, since, narrow }) {
  const traces = { service: o.service, kind: o.kind, operation: o.name, since };
  return html`<tr>
    <td class="wide"><${Service} name=${o.service} /></td>
    <th scope="row"><a href=${link("traces", traces)}>${o.name}</a>${narrow && html`<${Service} name=${o.service} />`}</th>
    <td class="wide faint">${o.kind}</td>
    <td class="number wide">${count(o.calls)}</td>
    <td class="number">${rate(o.rate)}</td>
    <td class="number">${o.errors ? html`<a class="bad" href=${link("traces", { ...traces, status: "error" })}>${count(o.errors)} (${percent(o.errors / o.calls)})</a>` : html`<span class="faint">0</span>`}</td>
    <td class="number wide">${duration(o.median)}</td>
    <td class="number">${duration(o.p95)}</td>
  </tr>`;
}
