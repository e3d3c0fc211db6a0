// The service map of the traces in the store.
import { html, useMemo } from "./dom.js";
import { Graph, layout } from "./vendor/dagre.js";
import { useData, useSlow } from "./api.js";
import { count, duration, percent, rate } from "./format.js";
import { link } from "./route.js";
import { colorOf, Empty, useNarrow } from "./parts.js";

export function MapPage({ server }) {
  const { data } = useData("map", useSlow(server.revision, 1000));
  const narrow = useNarrow();
  if (!data) return null;
  if (data.edges.length === 0) return html`<${Empty} title="No calls yet">The map shows which service calls which, in the traces that are kept.<//>`;
  const names = new Map(data.nodes.map((n) => [n.id, n.name]));
  return html`<h1 class="unseen">Service map</h1>
    <div class="scroller map-page" tabindex="0" role="region" aria-label="Service map">
      <${Drawing} map=${data} narrow=${narrow} />
      <table class="edges">
        <caption>Calls in ${duration(data.seconds * 1e9)}, from the first span to the last. The latency is measured by the called service if it sends spans, otherwise by the caller.</caption>
        <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="wide">By</th><th scope="col" class="number">Calls</th><th scope="col" class="number wide">Rate</th><th scope="col" class="number">Errors</th><th scope="col" class="number wide">Median</th><th scope="col" class="number">p95</th></tr></thead>
        <tbody>${data.edges.map((e) => html`<tr>
          <td>${names.get(e.from)}</td>
          <td>${e.to.startsWith("service:") ? html`<a href=${link("traces", { service: names.get(e.to) })}>${names.get(e.to)}</a>` : names.get(e.to)}</td>
          <td class="wide">${e.label}</td>
          <td class="number">${count(e.calls)}</td>
          <td class="number wide">${rate(e.rate)}</td>
          <td class="number ${e.errors ? "bad" : "faint"}">${e.errors ? `${count(e.errors)} (${percent(e.errors / e.calls)})` : "0"}</td>
          <td class="number wide">${duration(e.median)}</td>
          <td class="number">${duration(e.p95)}</td>
        </tr>`)}</tbody>
      </table>
    </div>`;
}

const height = 40;
const loopHeight = 48;
const loopWidth = 160;
const textWidth = (text, size = 7.2) => Math.min(text.length, 30) * size;
const short = (text) => (text.length > 30 ? `${text.slice(0, 29)}…` : text);

function Drawing({ map, narrow }) {
  const g = useMemo(() => arrange(map, narrow), [map, narrow]);
  const { width, height: bottom } = g.graph();
  // If a node calls itself, the layout leaves the same amount of space above the node
  // and below the node. The space above the node is not needed, so the drawing starts
  // below that space.
  const top = Math.min(...g.nodes().map((id) => g.node(id).y - g.node(id).tall / 2), ...g.edges().map((at) => g.edge(at).y - 20)) - 12;
  const tall = bottom - top;
  const said = map.edges.length === 1 ? "1 edge" : `${map.edges.length} edges`;
  return html`<svg class="map" viewBox=${`0 ${top} ${width} ${tall}`} width=${width} height=${tall} role="img" aria-label=${`Service map: ${map.nodes.length} nodes, ${said}. The table below has the same data.`}>
    <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L7.5 4L0 7.5z" /></marker></defs>
    ${g.edges().map((at) => html`<${EdgeLine} edge=${g.edge(at)} />`)}
    ${g.nodes().map((id) => html`<${NodeBox} node=${g.node(id)} />`)}
  </svg>`;
}

function arrange(map, narrow) {
  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: narrow ? "TB" : "LR", ranksep: narrow ? 40 : 60, nodesep: 36, edgesep: 24, marginx: 12, marginy: 16 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of map.nodes) {
    // If a node calls itself, its loops need space. This space is below the node. In a
    // narrow map, it is at one side of the node. The opposite side gets the same amount
    // of space, because dagre ends edges at the middle of a node.
    const loops = map.edges.filter((e) => e.from === n.id && e.to === n.id);
    const tall = narrow ? Math.max(height, loops.length * loopHeight) : height;
    const box = Math.max(90, textWidth(n.name) + 44, loops.length && !narrow ? 170 : 0);
    g.setNode(n.id, {
      ...n, loops, box, tall, narrow,
      width: box + (narrow && loops.length ? 2 * loopWidth : 0),
      height: tall + (narrow ? 0 : 2 * loopHeight * loops.length),
    });
  }
  for (const e of map.edges.filter((e) => e.from !== e.to)) {
    const lines = linesOf(e);
    g.setEdge(e.from, e.to, { ...e, lines, width: Math.max(...lines.map((l) => textWidth(l, 6.2))) + 12, height: 34, labelpos: "c" }, e.label);
  }
  layout(g);
  for (const at of g.edges()) {
    const { points } = g.edge(at);
    points[0] = border(g.node(at.v), points[1]);
    points[points.length - 1] = border(g.node(at.w), points.at(-2));
  }
  return g;
}

// border returns the point where a line from the middle of a node to another point leaves
// the box of the node. If the node calls itself, its box is smaller than the space that
// dagre keeps for the node. The loops are at one side of the box, or below it, so the line
// leaves at another side.
function border(node, { x, y }) {
  const [dx, dy, right, down] = [x - node.x, y - node.y, node.box / 2, node.tall / 2];
  const along = (offset, half) => Math.max(14 - half, Math.min(half - 14, offset)); // not in a round corner
  return node.narrow
    ? { x: node.x + along((dx * down) / Math.abs(dy), right), y: node.y + Math.sign(dy) * down }
    : { x: node.x + Math.sign(dx) * right, y: node.y + along((dy * right) / Math.abs(dx), down) };
}

function linesOf(e) {
  return [e.label ? `${e.label} ${rate(e.rate)}` : rate(e.rate), `p95 ${duration(e.p95)}${e.errors ? `, ${percent(e.errors / e.calls)} errors` : ""}`];
}

function NodeBox({ node }) {
  const x = node.x - node.box / 2;
  const y = node.y - node.tall / 2;
  const loop = (e, i) => node.narrow
    ? html`<${SideLoop} edge=${e} x=${x + node.box} y=${node.y + loopHeight * (i - (node.loops.length - 1) / 2)} />`
    : html`<${Loop} edge=${e} x=${node.x} y=${y + node.tall} width=${node.box} deep=${loopHeight * (i + 1)} />`;
  return html`${node.loops.map(loop)}<g class="node ${node.type}">
    <rect x=${x} y=${y} width=${node.box} height=${node.tall} rx=${node.type === "database" ? 14 : node.type === "messaging" ? 20 : 6} />
    ${node.type === "service" && html`<rect class="edge-mark ${colorOf(node.name)}" x=${x} y=${y} width="5" height=${node.tall} rx="2.5" />`}
    <text x=${node.x + (node.type === "service" ? 3 : 0)} y=${node.y + (node.label ? -1 : 4)}>${short(node.name)}</text>
    ${node.label && html`<text class="small" x=${node.x} y=${node.y + 13}>${short(node.label)}</text>`}
  </g>`;
}

function Loop({ edge, x, y, width, deep }) {
  const lines = linesOf(edge);
  const half = width / 2 - 14;
  return html`<g class="edge ${edge.errors ? "bad" : ""}">
    <path d=${`M${x + half} ${y} v${deep - 22} q0 8 -8 8 h${16 - 2 * half} q-8 0 -8 -8 v${22 - deep}`} marker-end="url(#arrow)" style=${{ strokeWidth: thickness(edge) }} />
    <text x=${x} y=${y + deep - 20}>${lines[0]}</text>
    <text x=${x} y=${y + deep - 1} class=${edge.errors ? "bad" : ""}>${lines[1]}</text>
  </g>`;
}

function SideLoop({ edge, x, y }) {
  const lines = linesOf(edge);
  return html`<g class="edge ${edge.errors ? "bad" : ""}">
    <path d=${`M${x} ${y - 9} h10 q8 0 8 8 v2 q0 8 -8 8 h-10`} marker-end="url(#arrow)" style=${{ strokeWidth: thickness(edge) }} />
    <text class="beside" x=${x + 26} y=${y - 3}>${lines[0]}</text>
    <text class="beside ${edge.errors ? "bad" : ""}" x=${x + 26} y=${y + 10}>${lines[1]}</text>
  </g>`;
}

const thickness = (edge) => 1 + Math.min(2, Math.log10(edge.calls + 1) / 2);

function EdgeLine({ edge }) {
  const [start, ...rest] = edge.points;
  // dagre returns the points where an edge bends. Between each two neighbouring points,
  // the curve goes through the middle.
  let d = `M${start.x} ${start.y}`;
  rest.forEach((p, i) => {
    const next = rest[i + 1];
    d += next ? ` Q${p.x} ${p.y} ${i === rest.length - 2 ? next.x : (p.x + next.x) / 2} ${i === rest.length - 2 ? next.y : (p.y + next.y) / 2}` : i === 0 ? ` L${p.x} ${p.y}` : "";
  });
  const bad = edge.errors > 0;
  return html`<g class="edge ${bad ? "bad" : ""}">
    <path d=${d} marker-end="url(#arrow)" style=${{ strokeWidth: thickness(edge) }} />
    <text x=${edge.x} y=${edge.y - 6}>${edge.lines[0]}</text>
    <text x=${edge.x} y=${edge.y + 14} class=${bad ? "bad" : ""}>${edge.lines[1]}</text>
  </g>`;
}
