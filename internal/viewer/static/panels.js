// The panels of Nais APM. The page shows the reports of spor check: they say which
// panels will show data.
import { html, useEffect, useState } from "./dom.js";
import { useData, useSlow } from "./api.js";
import { count, plural } from "./format.js";
import { link } from "./route.js";
import { Empty } from "./parts.js";

export function PanelPage({ server }) {
  const [again, setAgain] = useState(0);
  const { data } = useData("panels", `${useSlow(server.revision, 2000)} ${again}`);
  useEffect(() => {
    // The server caches the reports, so it may return the reports for an earlier revision.
    if (!data || data.revision >= server.revision) return undefined;
    const timer = setTimeout(() => setAgain(again + 1), 3000);
    return () => clearTimeout(timer);
  }, [data, again]);
  if (!data) return html`<h1 class="unseen">Panels</h1>`;
  return html`<h1 class="unseen">Panels of Nais APM</h1>
    <div class="scroller panels-page" tabindex="0" role="region" aria-label="Panels">
      ${data.services.length === 0 && html`<${Empty} title="Nothing to check yet">This page shows what Nais APM will show of each service. It needs telemetry or a line of output.<//>`}
      ${data.services.map((s) => html`<${Service} key=${s.service} report=${s} />`)}
    </div>`;
}

const order = { dark: 0, lit: 1, "not used": 2 };

function Service({ report }) {
  const number = (state) => report.panels.filter((p) => p.state === state).length;
  const panels = report.panels.map((p, i) => [p, i]).sort(([a, i], [b, j]) => order[a.state] - order[b.state] || i - j).map(([p]) => p);
  return html`<section aria-labelledby=${`panels-${report.service}`}>
    <h2 id=${`panels-${report.service}`}>${report.service}</h2>
    <p class="tally"><span class=${number("dark") ? "bad" : "faint"}>${number("dark")} dark</span> <span class="good">${number("lit")} lit</span> <span class="faint">${number("not used")} not used</span>
      <span class="faint">based on ${plural(report.spans, "span")}, ${count(report.series)} metrics, ${plural(report.log_lines + report.otlp_log_records, "log line")}</span></p>
    <table class="panels">
      <thead><tr><th scope="col">State</th><th scope="col">Panel</th><th scope="col">Data that the panel has, or what is missing</th></tr></thead>
      <tbody>
        ${(report.findings ?? []).map((f) => html`<tr class="dark"><td><span class="state">found</span></td><th scope="row">${f.kind}</th>
          <td>${f.place}${f.count > 1 ? ` (${count(f.count)} times)` : ""}<p class="cure">${f.cure}</p></td></tr>`)}
        ${panels.map((p) => html`<tr class=${p.state === "not used" ? "unused" : p.state}>
          <td><span class="state">${p.state}</span></td>
          <th scope="row">${p.panel}<span class="reads">${p.reads}</span></th>
          <td>${p.evidence}${p.state === "dark" && html`${(p.cures ?? []).map((cure) => html`<p class="cure">${cure}</p>`)}<${Where} panel=${p} service=${report.service} />`}</td>
        </tr>`)}
      </tbody>
    </table>
  </section>`;
}

// Where shows links to the spans because of which a panel is dark. If there are no
// such spans, it shows a link to the page with the data that the panel reads.
function Where({ panel, service }) {
  const spans = panel.spans ?? [];
  if (spans.length > 0) {
    return html`<p class="where">${spans.map((s, i) => html`<a href=${link(`trace/${s.trace}`, { span: s.span })}>${i === 0 ? "span concerned" : `another span ${i}`}</a> `)}</p>`;
  }
  if (/^(Logs|Issues|Team Logs)/.test(panel.panel)) return html`<p class="where"><a href=${link("logs")}>the log lines</a></p>`;
  if (/^Runtime|pool|acquisition/.test(panel.panel)) return html`<p class="where"><a href=${link("metrics")}>the metrics</a></p>`;
  return html`<p class="where"><a href=${link("traces", { service })}>the traces of ${service}</a></p>`;
}
