// The metrics, as small plots.
import { html, useEffect, useLayoutEffect, useRef } from "./dom.js";
import uPlot from "./vendor/uplot.js";
import { useData } from "./api.js";
import { seconds, steps, tick, time, value } from "./format.js";
import { link } from "./route.js";
import { Empty } from "./parts.js";

const most = 6; // maximum number of lines in the key of a plot

export function MetricPage({ server }) {
  const { data } = useData("metrics", server.revision);
  if (!data) return null;
  return html`<h1 class="unseen">Metrics</h1>
    <div class="scroller cards" tabindex="0" role="region" aria-label="Metrics">
      ${data.cards.length === 0 && html`<${Empty} title="No metrics yet">A program sends metrics once per minute. Set OTEL_METRIC_EXPORT_INTERVAL (in ms) to send them more often.<//>`}
      ${data.cards.map((card) => html`<section key=${card.title} aria-label=${card.title}>
        <h2>${card.title}</h2>
        <div class="plots">${card.plots.map((p) => html`<${Plot} key=${p.name} plot=${p} />`)}</div>
      </section>`)}
    </div>`;
}

const shortest = 60; // the time axis of a plot has at least this length, in s

const how = { counter: "per second", histogram: "95th percentile" };

function Plot({ plot }) {
  const lines = plot.lines.filter((l) => l.points.length > 0);
  const last = lines.map((l) => l.points.at(-1)[1]);
  const share = plot.kind === "counter" && plot.unit === "s"; // a rate in seconds per second, shown as a percentage
  const unit = share ? "%" : plot.kind === "counter" ? "" : plot.unit;
  const said = lines.map((l, i) => `${l.labels || plot.title}: ${value(last[i], unit)}`).join("; ") || "nothing yet";
  return html`<figure class="plot">
    <figcaption><b title=${plot.help}>${plot.title}</b><span class="now">${lines.length === 1 ? value(last[0], unit) : ""}</span>
      <span class="faint">${plot.name === plot.title ? "" : plot.name}${how[plot.kind] ? ` ${how[plot.kind]}` : ""}</span></figcaption>
    ${lines.length > 0 ? html`<${Chart} label=${`${plot.title} over time. Now: ${said}`} lines=${lines} exemplars=${plot.exemplars} unit=${unit} />` : html`<p class="faint waiting">waiting for a second data point</p>`}
    ${lines.length > 1 && html`<ul class="key">${lines.slice(0, most).map((l, i) => html`<li><i class="dot ${`c${i % 10}`}"></i><span>${l.labels || l.service}</span><b>${value(last[i], unit)}</b></li>`)}${lines.length > most && html`<li class="faint">and ${lines.length - most} more</li>`}</ul>`}
  </figure>`;
}

// Chart draws lines. The lines may have points at different times. The exemplars are
// links to traces.
function Chart({ label, lines, exemplars, unit }) {
  const box = useRef();
  const chart = useRef();
  const points = useRef();
  const shown = useRef();
  shown.current = exemplars;
  const times = [...new Set(lines.flatMap((l) => l.points.map((p) => p[0])))].sort((a, b) => a - b);
  const data = [times, ...lines.map((l) => {
    const at = new Map(l.points);
    return times.map((t) => at.get(t) ?? null);
  })];
  useLayoutEffect(() => {
    const style = getComputedStyle(box.current);
    const color = (name) => style.getPropertyValue(`--${name}`);
    const axis = { stroke: color("muted"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const place = (plot) => shown.current.forEach((e, i) => {
      const { style } = points.current.children[i];
      style.left = `${plot.over.offsetLeft + plot.valToPos(e.time, "x")}px`;
      style.top = `${plot.over.offsetTop + plot.valToPos(e.value, "y")}px`;
    });
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot({
        width: box.current.clientWidth,
        height: 110,
        legend: { show: false },
        cursor: { y: false, points: { size: 5 } },
        hooks: { draw: [place] },
        scales: {
          x: { range: ({ data: [at] }) => [Math.min(at[0], at.at(-1) - shortest, ...shown.current.map((e) => e.time)), at.at(-1)] },
          y: { range: (_, low, high) => [Math.min(0, low), 1.1 * Math.max(high, ...shown.current.map((e) => e.value)) || 1] },
        },
        axes: [
          { ...axis, size: 26, gap: 8, space: 70, values: (_, all) => all.map((s) => seconds(s * 1000)) },
          { ...axis, size: 52, space: 24, incrs: steps(unit), values: (_, all) => all.map((v) => tick(v, unit)) },
        ],
        series: [{}, ...lines.map((_, i) => ({ stroke: color(`c${i % 10}`), width: 1.5, spanGaps: true, points: { show: times.length < 3 } }))],
      }, data, box.current);
    };
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const size = new ResizeObserver(() => chart.current.setSize({ width: box.current.clientWidth, height: 110 }));
    size.observe(box.current);
    return () => {
      size.disconnect();
      scheme.removeEventListener("change", draw);
      chart.current.destroy();
      chart.current = null;
    };
  }, [lines.length, times.length < 3]);
  useEffect(() => chart.current?.setData(data), [JSON.stringify([data, exemplars])]);
  return html`<div class="chart">
    <div ref=${box} role="img" aria-label=${label}></div>
    <div ref=${points} class="exemplars" role="group" aria-label="Traces with such a measurement">${exemplars.map((e, i) => {
      const said = `${time(e.time * 1000)}: ${value(e.value, unit)}`;
      return html`<a key=${e.trace + e.span + e.time} class=${`c${e.line % 10}`} href=${link(`trace/${e.trace}`, { span: e.span })} title=${said} aria-label=${`Trace at ${said}`}
        tabindex=${i === 0 ? 0 : -1} onKeyDown=${step}></a>`;
    })}</div>
  </div>`;
}

// step moves to the next or the previous exemplar when the user presses an arrow key.
function step(event) {
  const to = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  if (!to) return;
  event.currentTarget[to]?.focus();
  event.preventDefault();
}
