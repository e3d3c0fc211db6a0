import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { browser, close, faults, found, names, narrow, open, program, recording, run, shot, stopAll, view } from "./pages.js";

afterEach(stopAll);
after(() => browser.close());

// withPage opens a page of a server and runs use. It then checks that page.trouble is empty.
async function withPage(server, options, use) {
  const page = await open(server.url, options);
  try {
    await use(page);
  } finally {
    assert.deepEqual(await close(page), []);
  }
}

// unused returns a port on which nothing listens.
async function unused() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("traces arrive live", async () => {
  const [gateway, backend, worker, kafka] = await Promise.all([1, 2, 3, 4].map(unused));
  const server = await run(["run", "--ui=127.0.0.1:0", "--procfile", "../../../examples/quotes/Procfile"], {
    QUOTES: program("quotes"),
    PORT: gateway,
    BACKEND_ADDRESS: `127.0.0.1:${backend}`,
    WORKER_ADDRESS: `127.0.0.1:${worker}`,
    FAKE_KAFKA_PORT: kafka,
    SQLITE_FILE: join(mkdtempSync(join(tmpdir(), "quotes-")), "quotes.db"),
    OTEL_METRIC_EXPORT_INTERVAL: "500",
  });
  await withPage(server, {}, async (page) => {
    await page.locator(".status.live").waitFor();
    await page.locator("a.trace-row").first().waitFor();
    const count = async () => Number((await page.locator(".found").textContent()).match(/\d+/)[0]);
    const before = await count();
    await page.waitForFunction((n) => Number(document.querySelector(".found").textContent.match(/\d+/)[0]) > n, before);
    // While the list is paused, the list does not change, but the counts do.
    await page.getByRole("button", { name: "Pause" }).click();
    const first = (await names(page)).join();
    const all = await page.locator("nav a[aria-current] .count").textContent();
    await page.waitForFunction((n) => document.querySelector("nav a[aria-current] .count").textContent !== n, all);
    assert.equal((await names(page)).join(), first);
    await page.getByRole("button", { name: "Resume" }).click();
    await shot(page, "list", 480);

    await page.locator("a.trace-row", { hasText: "POST /quotes" }).first().click();
    // One trace contains all spans, from the span of the request to the span of the worker.
    for (const name of ["POST /quotes", "INSERT quotes", "quotes.created publish", "quotes.created process", "INSERT statistics"]) {
      await page.locator(".span-row", { hasText: name }).first().waitFor();
    }
    await shot(page, "trace", 420);
    const trace = page.url();

    await page.goto(`${server.url}#/metrics`);
    await page.locator("section[aria-label=Go] .plot", { hasText: "Goroutines" }).locator("canvas").waitFor();
    await page.locator("section[aria-label='Connection pool'] canvas").first().waitFor();
    await shot(page, "metrics", 700);
    await page.goto(`${server.url}#/map`);
    await page.locator(".map .node", { hasText: "quotes.db" }).waitFor();
    await shot(page, "map", 440);
    await page.goto(`${server.url}#/panels`);
    await page.locator("tr.lit", { hasText: "Service inventory" }).first().waitFor();
    await shot(page, "panels", 520);
    await page.goto(`${server.url}#/operations?since=1m`);
    await page.locator(".operations tr", { hasText: "quotes.created process" }).waitFor();
    await shot(page, "operations", 480);
    // A histogram of setup has exemplars, and they lead to its traces.
    await page.goto(`${server.url}#/metrics`);
    await page.locator(".plot", { hasText: "HTTP served" }).locator(".exemplars a").first().press("Enter");
    await page.locator(".span-name").waitFor();

    await withPage(server, { viewport: narrow }, async (small) => {
      await small.locator("a.trace-row").first().waitFor();
      await shot(small, "list-narrow", 620);
      await small.goto(trace);
      await small.locator(".span-row", { hasText: "INSERT statistics" }).waitFor();
      await shot(small, "trace-narrow", 560);
      const over = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(over, 0, "wider than the screen");
    });
    await withPage(server, { colorScheme: "dark" }, async (dark) => {
      await dark.goto(trace);
      await dark.locator(".span-row", { hasText: "INSERT quotes" }).click();
      await dark.locator(".attributes", { hasText: "db.query.text" }).waitFor();
      await shot(dark, "trace-dark", 620);
    });
  });
});

test("a page shows another run", async () => {
  const cache = mkdtempSync(join(tmpdir(), "cache-"));
  for (const name of ["first", "second"]) {
    const session = await run(["run", "--ui=127.0.0.1:0", "--name", name, "--", program("quotes"), "-once"], { XDG_CACHE_HOME: cache });
    while (!session.said().includes("the command has ended")) await new Promise((resolve) => setTimeout(resolve, 20));
    await session.stop();
  }
  const server = await run(["listen", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ui", "127.0.0.1:0"], { XDG_CACHE_HOME: cache });
  await withPage(server, {}, async (page) => {
    await found(page, "0 traces");
    const runs = page.getByRole("combobox", { name: "Run" });
    assert.match((await runs.locator("option").allTextContents()).join("|"), /^This session\|second .*\|first /);
    await runs.selectOption({ index: 2 });
    await page.locator("a.trace-row", { hasText: "first" }).first().waitFor();
    assert.equal(await runs.locator("option:checked").textContent(), await runs.locator("option").nth(2).textContent());
    await runs.selectOption({ index: 1 });
    await page.locator("a.trace-row", { hasText: "second" }).first().waitFor();
    assert.deepEqual(await faults(page), []);
    await shot(page, "run", 300);
    await page.setViewportSize(narrow);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "wider than the screen");
    await shot(page, "run-narrow", 300);
    await runs.selectOption({ index: 0 });
    await found(page, "0 traces");
  });
});

test("a page of a frontend sends its telemetry", async () => {
  const server = await run(["listen", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ui", "127.0.0.1:0"], { XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), "cache-")) });
  const endpoint = server.said().match(/OTLP over HTTP: OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/)[1];
  const site = createServer((_, answer) => answer.writeHead(200, { "Content-Type": "text/html" }).end("<title>shop</title>"));
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  try {
    const context = await browser.newContext();
    const frontend = await context.newPage();
    await frontend.goto(`http://localhost:${site.address().port}/`);
    // The page is another origin, so the browser first asks whether it may send JSON.
    const answers = await frontend.evaluate(async (url) => {
      const span = (name) => JSON.stringify({ resourceSpans: [{
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: [{ spans: [{ traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "0102030405060708", name, kind: 1, startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now() + 5}000000` }] }],
      }] });
      const fetched = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "x-faro-session-id": "1" }, body: span("click") });
      const beacon = navigator.sendBeacon(url, new Blob([span("click").replaceAll("0102030405060708", "1112131415161718")], { type: "application/json" }));
      return [fetched.status, beacon];
    }, `${endpoint}/v1/traces`);
    assert.deepEqual(answers, [200, true]);
    await context.close();
    await withPage(server, {}, async (page) => {
      await found(page, "2 traces");
      await page.locator("a.trace-row", { hasText: "shop" }).first().waitFor();
    });
  } finally {
    site.close();
  }
});

test("the viewer stays while its page is open", async () => {
  const server = await run(["run", "--ui=127.0.0.1:0", "--name", "quotes", "--", program("quotes"), "-once"]);
  await withPage(server, {}, async (page) => {
    await page.locator(".status", { hasText: "Ended" }).waitFor();
    await page.locator("a.trace-row").first().waitFor();
  });
  assert.equal(await server.ended, 0);
  assert.match(server.said(), /its traces are at http/);
});

test("search and filters", async () => {
  const server = await view("known");
  await withPage(server, {}, async (page) => {
    await found(page, /^3 traces$/);
    const search = page.getByRole("searchbox");
    await search.fill("insert values");
    await found(page, /^1 of 3 traces$/);
    assert.deepEqual(await names(page), ["POST /quotes"]);
    await search.fill("no such thing");
    await page.getByText("No trace matches").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    for (const [label, value, want] of [["Service", "worker", 1], ["Status", "error", 2], ["Status", "ok", 1], ["Kind", "producer", 1]]) {
      await page.getByLabel(label, { exact: true }).selectOption(value);
      await found(page, `${want} of 3`);
      await page.getByRole("button", { name: "Clear" }).click();
      await found(page, /^3 traces$/);
    }
    await page.getByLabel("Minimum duration").fill("100");
    await found(page, /^1 of 3/);
    await page.getByLabel("Minimum duration").fill("soon");
    await page.locator(".found .bad", { hasText: "duration" }).waitFor();
    page.trouble = page.trouble.filter((t) => !t.includes("400"));
    await page.getByLabel("Minimum duration").fill("");
    await page.getByLabel("Route").fill("{id}");
    await found(page, /^1 of 3/);
    await page.getByLabel("Route").fill("");
    await page.getByLabel("Order").selectOption("slowest");
    await page.locator("a.trace-row .name b").first().filter({ hasText: "GET /quotes/{id}" }).waitFor();
    // The search text is part of the address, so it remains after a reload.
    await search.fill("gold");
    await found(page, /^1 of 3/);
    await page.reload();
    await found(page, /^1 of 3/);
    assert.equal(await search.inputValue(), "gold");
  });
});

test("waterfall, critical path and span", async () => {
  const server = await view("known");
  await withPage(server, {}, async (page) => {
    await page.locator("a.trace-row", { hasText: "POST /quotes" }).click();
    const rows = page.locator(".span-row");
    await rows.nth(5).waitFor();
    assert.deepEqual(await page.locator(".span-row .label b").allTextContents(),
      ["POST /quotes", "quotes.v1.Quotes/Create", "quotes.v1.Quotes/Create", "INSERT quotes", "quotes publish", "quotes process"]);
    assert.deepEqual(await rows.evaluateAll((all) => all.map((r) => r.ariaLevel)), ["1", "2", "3", "4", "4", "5"]);
    // The trace takes 40 ms. The caller waited only for the first 20 ms. The function solid
    // returns the solid parts of the bars in milliseconds.
    const solid = () => rows.evaluateAll((all) => all.map((r) => [...r.querySelectorAll(".bar i")].map((i) => {
      const cell = r.querySelector(".time-cell").getBoundingClientRect();
      const box = i.getBoundingClientRect();
      return [box.left, box.right].map((x) => Math.round((40 * (x - cell.left)) / cell.width));
    })));
    assert.deepEqual(await solid(), [[[0, 2], [18, 20]], [[2, 4], [16, 18]], [[4, 5], [9, 10], [12, 16]], [[5, 9]], [[10, 12]], []]);
    await page.keyboard.press("c");
    assert.deepEqual(await solid(), [[[0, 20]], [[2, 18]], [[4, 16]], [[5, 9]], [[10, 12]], [[11, 40]]]);
    await page.keyboard.press("c");
    assert.deepEqual(await page.locator(".shares button").evaluateAll((all) => all.map((b) => b.querySelector(".number").textContent)), ["6.00 ms", "4.00 ms", "4.00 ms", "4.00 ms", "2.00 ms"]);

    await rows.last().click();
    await page.locator(".message", { hasText: "no such author" }).waitFor();
    await page.locator("pre", { hasText: "worker.go:7" }).waitFor();
    await page.locator(".links a", { hasText: "GET /quotes/{id}" }).click();
    await page.locator("h1", { hasText: "GET /quotes/{id}" }).waitFor();
    await page.goBack();
    await page.locator("h1", { hasText: "POST /quotes" }).waitFor();

    await rows.nth(0).click();
    const status = page.locator(".attributes > div", { hasText: "http.response.status_code" });
    await status.waitFor();
    assert.equal(await status.locator(".twin").textContent(), "http.status_code");
    assert.equal(await page.locator(".attributes dt").filter({ hasText: /^http\.status_code/ }).count(), 0);

    // Drag over the strip to zoom in. Then zoom out again.
    const strip = await page.locator(".strip").boundingBox();
    await page.mouse.move(strip.x + strip.width / 2, strip.y + 9);
    await page.mouse.down();
    await page.mouse.move(strip.x + strip.width * 0.75, strip.y + 9, { steps: 4 });
    await page.mouse.up();
    await page.locator(".ticks b").first().filter({ hasText: "20.0 ms" }).waitFor();
    await page.locator(".strip").dblclick();
    await page.locator(".ticks b").first().filter({ hasText: "0 ms" }).waitFor();
  });
});

// cells returns the texts of the visible cells of a table, one text per row.
const cells = (page, table) => page.locator(`${table} tbody tr`).evaluateAll((all) => all.map((r) => [...r.cells].filter((c) => c.offsetWidth).map((c) => c.innerText.replace(/\s+/g, " ")).join(" | ")));

test("operations", async () => {
  const server = await view("shop");
  await withPage(server, {}, async (page) => {
    await page.getByRole("link", { name: "Operations" }).click();
    await page.locator(".operations").waitFor();
    assert.deepEqual(await cells(page, ".operations"), [
      "backend | GET /prices | server | 7 | 0.1/min | 0 | 2.00 ms | 2.00 ms", "backend | GET /stock/{id} | server | 7 | 0.1/min | 0 | 5.00 ms | 100 ms",
      "backend | shop.Stock/Count | server | 7 | 0.1/min | 0 | 2.00 ms | 2.00 ms", "backend | views process | consumer | 7 | 0.1/min | 0 | 4.00 ms | 4.00 ms",
      "gateway | GET /orders | server | 7 | 0.1/min | 2 (29 %) | 10.0 ms | 200 ms",
    ]);
    // Each column sorts, and a second click sorts the other way. Numbers begin with the largest.
    const first = async () => (await cells(page, ".operations"))[0].split(" | ")[1];
    const column = (name) => page.getByRole("columnheader", { name });
    for (const [name, order, want] of [
      ["Service", "ascending", "GET /prices"], ["Service", "descending", "GET /orders"], ["Operation", "ascending", "GET /orders"], ["Operation", "descending", "views process"],
      ["Kind", "ascending", "views process"], ["Errors", "descending", "GET /orders"], ["Errors", "ascending", "GET /prices"],
      ["Median", "descending", "GET /orders"], ["p95", "descending", "GET /orders"], ["p95", "ascending", "GET /prices"], ["p95", "descending", "GET /orders"],
    ]) {
      await column(name).getByRole("button").click();
      assert.equal(await column(name).getAttribute("aria-sort"), order, name);
      assert.equal(await page.locator("[aria-sort]").count(), 1);
      assert.equal(await first(), want, `${name} ${order}`);
    }
    assert.match(page.url(), /sort=p95/);
    await page.reload();
    await page.locator(".operations").waitFor();
    assert.equal(await first(), "GET /orders");
    // A name and the errors are links to the traces.
    await page.getByRole("link", { name: "GET /orders" }).click();
    await found(page, /^7 traces$/);
    assert.equal(await page.getByLabel("Operation", { exact: true }).inputValue(), "GET /orders");
    await page.goBack();
    await page.getByRole("link", { name: "2 (29 %)" }).focus();
    await page.keyboard.press("Enter");
    await found(page, /^2 of 7 traces$/);
    await page.getByLabel("Operation", { exact: true }).selectOption("");
    await page.getByLabel("Status", { exact: true }).selectOption("");
    await found(page, /^7 traces$/);
    await page.goto(`${server.url}#/operations?since=soon&sort=__proto__`);
    await page.locator(".found .bad", { hasText: "time range" }).waitFor();
    page.trouble = page.trouble.filter((t) => !t.includes("400"));
  });
  await withPage(server, { viewport: narrow }, async (page) => {
    await page.goto(`${server.url}#/operations?sort=errors`);
    await page.locator(".operations").waitFor();
    assert.equal((await cells(page, ".operations"))[0], "GET /orders gateway | 0.1/min | 2 (29 %) | 200 ms");
  });
});

test("a time range", async () => {
  const server = await view("shop");
  await withPage(server, {}, async (page) => {
    const calls = async () => (await cells(page, ".operations")).map((row) => row.split(" | ")[3]).join();
    for (const [range, traces, rate] of [["Any time", 7, "0.1/min"], ["Last 15 minutes", 3, "0.2/min"], ["Last 5 minutes", 2, "0.4/min"], ["Last minute", 1, "1.0/min"]]) {
      await page.getByRole("link", { name: /^Traces/ }).click();
      await page.getByLabel("Time", { exact: true }).selectOption(range);
      await found(page, traces === 7 ? /^7 traces$/ : `${traces} of 7 traces`);
      // The range stays on the other pages.
      await page.getByRole("link", { name: "Operations" }).click();
      await page.locator(".operations tbody tr", { hasText: rate }).first().waitFor();
      assert.equal(await calls(), Array(5).fill(traces).join());
      await page.getByRole("link", { name: "GET /orders" }).click();
      await found(page, traces === 7 ? /^7 traces$/ : `${traces} of 7 traces`);
      await page.locator("a.trace-row").first().click();
      await page.locator(".span-row").first().waitFor();
      await page.getByRole("link", { name: /^Logs/ }).click();
      await found(page, `${traces} record`);
      assert.equal(await page.locator(".logs li").count(), traces);
      await page.reload();
      await found(page, `${traces} record`);
    }
    // The range of an address may have any length.
    await page.goto(`${server.url}#/logs?since=30s`);
    await found(page, /^1 record/);
    assert.equal(await page.getByLabel("Time", { exact: true }).locator("option:checked").textContent(), "Last 30s");
    await page.goto(`${server.url}#/logs?since=soon`);
    await page.locator(".found .bad", { hasText: "time range" }).waitFor();
    page.trouble = page.trouble.filter((t) => !t.includes("400"));
  });
});

test("a time range moves while the program runs", async () => {
  const server = await run(["run", "--ui=127.0.0.1:0", "--name", "quotes", "--", "sh", "-c", `${program("quotes")} -once; exec sleep 600`]);
  // No telemetry arrives any more, but the traces and lines leave the range.
  await Promise.all([["traces", "No trace matches"], ["operations", "No operations"], ["logs", "No log records"]].map(([name, empty]) => withPage(server, {}, async (page) => {
    await page.goto(`${server.url}#/${name}?since=15s`);
    await page.getByText(empty).waitFor();
    await page.getByLabel("Time", { exact: true }).selectOption("");
    await page.getByText(empty).waitFor({ state: "detached" });
  })));
});

test("the edges of the map end at its boxes", async () => {
  for (const name of ["shop", "hub", "known"]) {
    const server = await view(name);
    for (const viewport of [narrow, { width: 1280, height: 800 }]) {
      await withPage(server, { viewport }, async (page) => {
        await page.goto(`${server.url}#/map`);
        await page.locator(".map .node").first().waitFor();
        const { ends, boxes } = await page.evaluate(() => ({
          ends: [...document.querySelectorAll(".map .edge path")].flatMap((path) => [0, path.getTotalLength()].map((at) => path.getPointAtLength(at))).map(({ x, y }) => [x, y]),
          boxes: [...document.querySelectorAll(".map .node rect:first-of-type")].map((r) => r.getBBox()).map(({ x, y, width, height }) => [x, y, x + width, y + height]),
        }));
        assert.ok(ends.length >= 8 && boxes.length >= 5);
        const near = (a, b) => Math.abs(a - b) < 0.5;
        const within = (a, low, high) => a > low - 0.5 && a < high + 0.5;
        const loose = ends.filter(([x, y]) => !boxes.some(([left, top, right, bottom]) =>
          ((near(x, left) || near(x, right)) && within(y, top, bottom)) || ((near(y, top) || near(y, bottom)) && within(x, left, right))));
        assert.deepEqual(loose, [], `${name}, ${viewport.width} px: ends of edges that are not at a box`);
      });
    }
  }
});

test("charts, their axes and their exemplars", async () => {
  const server = await view("shop");
  for (const options of [{}, { viewport: narrow, colorScheme: "dark", timezoneId: "America/New_York", locale: "en-US" }]) {
    await withPage(server, options, async (page) => {
      // The axes are drawn on a canvas, so the test records the texts that are drawn.
      await page.addInitScript(() => {
        window.drawn = [];
        const { fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
          window.drawn.push(text);
          return fillText.call(this, text, ...rest);
        };
      });
      await page.goto(`${server.url}?again#/metrics`);
      const plot = page.locator(".plot", { hasText: "HTTP served" });
      await plot.locator("canvas").waitFor();
      // The charts have one data point. Their time axes end there, and are one minute long.
      const hour = options.timezoneId ? "08" : "12";
      const drawn = await page.evaluate(() => [...new Set(window.drawn)].sort());
      assert.deepEqual(drawn, ["0 B", "0 ms", `${hour}:59:00`, `${hour}:59:30`, `${options.timezoneId ? "09" : "13"}:00:00`, "20 MiB", "200 ms", "40 MiB", "400 ms"].sort());
      const exemplar = plot.locator(".exemplars a");
      assert.equal(await exemplar.getAttribute("aria-label"), `Trace at 01 Jun ${hour}:59:51.000: 400 ms`);
      // The point is where its time and its value are: 9 s before the end, and higher than the line.
      const [point, area] = await Promise.all([exemplar.boundingBox(), plot.locator(".u-over").boundingBox()]);
      assert.ok(Math.abs((point.x + point.width / 2 - area.x) / area.width - 51 / 60) < 0.02, "the time of the exemplar");
      assert.ok(Math.abs((area.y + area.height - point.y - point.height / 2) / area.height - 1 / 1.1) < 0.03, "the value of the exemplar");
      if (options.viewport) {
        await exemplar.focus();
        await page.keyboard.press("Enter");
      } else {
        await exemplar.click();
      }
      await page.locator(".trace-head h1", { hasText: "GET /orders" }).waitFor();
      await page.locator(".span-name", { hasText: "GET /orders" }).waitFor();
      page.trouble = page.trouble.filter((t) => !t.includes("favicon"));
    });
  }
});

test("the ticks of an axis are round numbers", async () => {
  const server = await view("known");
  await withPage(server, {}, async (page) => {
    const ticks = await page.evaluate(async () => {
      const { steps, tick } = await import("./format.js");
      return ["By", "bytes", "s", "ms", "%", "", "{connection}"].flatMap((unit) => steps(unit).filter((s) => s >= 1e-6 && s < 1e9).flatMap((s) => [1, 2, 3].map((n) => tick(n * s, unit))));
    });
    // At most one digit of a tick is not a zero, or two for 15, 150 and 1500, and so on.
    const odd = ticks.filter((text) => text.replace(/\D/g, "").replace(/^0+|0+$/g, "").length > 2);
    assert.deepEqual(odd, []);
    assert.ok(ticks.includes("10 MiB") && ticks.includes("20 MiB") && ticks.includes("2 min"));
  });
});

test("map, logs and panels", async () => {
  const server = await view("known");
  await withPage(server, {}, async (page) => {
    await page.getByRole("link", { name: "Map" }).click();
    await page.locator(".edges").waitFor();
    const edges = await page.locator(".edges tbody tr").evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.textContent).filter((_, i) => [0, 1, 2, 3, 5, 7].includes(i)).join(" ")));
    assert.deepEqual(edges, [
      "callers gateway http 2 0 500 ms", "backend db.local postgresql 1 0 4.00 ms",
      "backend worker kafka 1 1 (100 %) 29.0 ms", "gateway backend grpc 1 0 12.0 ms",
    ]);
    assert.equal(await page.locator(".map .node").count(), 5);
    await page.getByRole("link", { name: "Logs" }).click();
    await page.locator(".logs li", { hasText: "quote created" }).waitFor();
    await page.getByLabel("Level").selectOption("error");
    await found(page, /^1 record/);
    await page.getByLabel("Level").selectOption("");
    await page.locator(".logs li", { hasText: "quote created" }).getByRole("link", { name: "trace" }).click();
    await page.locator(".trace-head h1", { hasText: "POST /quotes" }).waitFor();
    await page.getByRole("tab", { name: /Logs/ }).click();
    await page.locator("aside .logs li", { hasText: "quote created" }).getByRole("button", { name: "span" }).click();
    await page.locator(".span-name", { hasText: "quotes.v1.Quotes/Create" }).waitFor();

    await page.getByRole("link", { name: "Panels" }).click();
    const dark = page.locator("section", { hasText: "backend" }).locator("tr.dark", { hasText: "Database: top queries" });
    await dark.locator(".cure").first().waitFor();
    await dark.getByRole("link", { name: "span concerned" }).click();
    await page.locator(".span-name", { hasText: "INSERT quotes" }).waitFor();
  });
});

test("a trace is shared and opened again", async () => {
  const from = await view("known");
  let file;
  await withPage(from, {}, async (page) => {
    await page.locator("a.trace-row", { hasText: "POST /quotes" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /Share/ }).click()]);
    assert.match(download.suggestedFilename(), /^trace-[0-9a-f]{32}\.jsonl$/);
    file = { name: download.suggestedFilename(), mimeType: "application/json", buffer: readFileSync(await download.path()) };
  });
  await from.stop();
  const to = await view("dark");
  await withPage(to, {}, async (page) => {
    await page.getByLabel("Open a recording").setInputFiles(file);
    await page.locator(".trace-head h1", { hasText: "POST /quotes" }).waitFor();
    assert.equal(await page.locator(".span-row").count(), 6);
    await page.getByRole("tab", { name: /Logs/ }).click();
    await page.locator("aside .logs li", { hasText: "quote created" }).waitFor();
  });
  const page = await open(to.url);
  await page.getByLabel("Open a recording").setInputFiles({ name: "picture.png", mimeType: "image/png", buffer: Buffer.from("\x89PNG nonsense") });
  await page.locator(".notice", { hasText: "picture.png" }).waitFor();
  assert.deepEqual((await close(page)).filter((t) => !t.includes("400")), []);
});

test("hostile values are text", async () => {
  const server = await view("hostile");
  const pwned = (page) => page.evaluate(() => window.pwned);
  for (const options of [{}, { viewport: narrow, colorScheme: "dark" }]) {
    await withPage(server, options, async (page) => {
      await page.locator("a.trace-row").first().waitFor();
      assert.ok((await names(page)).some((n) => n.includes("<img src=x onerror=")));
      for (const href of await page.locator("a.trace-row").evaluateAll((all) => all.map((a) => a.getAttribute("href")))) {
        await page.goto(server.url + href);
        await page.locator(".span-row").first().waitFor();
        for (let i = 0; i < (await page.locator(".span-row").count()); i++) {
          const row = page.locator(".span-row").nth(i);
          await row.click();
          await page.locator(".span-name").waitFor();
          assert.equal(await pwned(page), undefined);
          await page.getByRole("button", { name: "Close the span" }).click();
        }
        await page.getByRole("tab", { name: /Logs/ }).click();
      }
      for (const name of ["operations", "map", "logs", "metrics", "panels"]) {
        await page.goto(`${server.url}#/${name}`);
        await page.locator("main .scroller").waitFor();
        await page.waitForTimeout(300);
        assert.equal(await pwned(page), undefined, name);
      }
      await page.goto(`${server.url}#/logs?q=<img src=x onerror=window.pwned=1>&level="><script>window.pwned=1</script>`);
      await page.goto(`${server.url}#/trace/<img src=x onerror=window.pwned=1>`);
      await page.getByText("This trace is not here").waitFor();
      assert.equal(await pwned(page), undefined);
      const foreign = await page.evaluate(() => document.querySelectorAll("img:not([src='icon.svg']), script:not([src='main.js']), iframe, object, embed").length);
      assert.equal(foreign, 0);
      page.trouble = page.trouble.filter((t) => !t.includes("404")); // this 404 is expected, because the trace does not exist
    });
  }
});

test("the policy stops what gets in all the same", async () => {
  const server = await view("known");
  const page = await open(server.url);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.textContent = "window.pwned = 1";
    } catch { /* trusted types block this */ }
    document.body.append(script);
    try {
      document.body.innerHTML += "<img src=x onerror='window.pwned = 2'>";
    } catch { /* trusted types block this */ }
    return fetch("http://127.0.0.1:9/").then(() => "fetched", () => window.pwned);
  });
  assert.equal(ran, undefined);
  assert.ok((await page.evaluate(() => window.violations)).length >= 3);
  await page.context().close();
});

test("all of it by keyboard", async () => {
  const server = await view("known");
  await withPage(server, {}, async (page) => {
    const key = (k) => page.keyboard.press(k);
    await page.locator("a.trace-row").first().waitFor();
    await key("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await key("/");
    await page.keyboard.type("insert");
    await found(page, /^1 of 3/);
    await key("ArrowDown");
    await page.waitForFunction(() => document.activeElement.matches("a.trace-row"));
    await key("Enter");
    await page.locator(".span-row").nth(5).waitFor();
    const grid = page.getByRole("treegrid");
    await grid.focus();
    const active = async () => page.evaluate(() => {
      const at = document.querySelector("[role=treegrid]").getAttribute("aria-activedescendant");
      return document.getElementById(at)?.querySelector("[role=gridcell]").textContent.replace(/\s+/g, " ").trim();
    });
    await page.waitForFunction(() => document.querySelector("[role=treegrid]").hasAttribute("aria-activedescendant"));
    assert.match(await active(), /^▾ ?POST \/quotes ?server ?201 ?, gateway, on the critical path, ?20\.0 ms$/);
    await key("ArrowDown");
    await key("ArrowDown");
    await key("ArrowDown");
    assert.match(await active(), /^INSERT quotes ?client/);
    await key("ArrowLeft"); // move to the parent
    assert.match(await active(), /^▾ ?quotes.v1.Quotes\/Create ?server/);
    await key("ArrowLeft"); // collapse the parent
    await page.waitForFunction(() => document.querySelectorAll(".span-row").length === 3);
    assert.equal(await grid.getAttribute("aria-rowcount"), "3");
    await key("ArrowRight");
    await page.waitForFunction(() => document.querySelectorAll(".span-row").length === 6);
    await key("e"); // move to the next error
    await page.locator(".span-name", { hasText: "quotes process" }).waitFor();
    await key("z");
    await page.locator(".ticks b").first().filter({ hasText: /^8\.10 ms/ }).waitFor();
    await key("0");
    await key("Escape");
    await page.locator(".span-name").waitFor({ state: "detached" });
    await key("Escape");
    await found(page, /^1 of 3/);
    await key("2");
    await page.locator(".operations").waitFor();
    await key("3");
    await page.locator(".map").waitFor();
    await key("?");
    await page.locator("dialog[open]").waitFor();
    await key("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  });
});

test("axe finds no serious fault", async () => {
  const server = await view("known");
  const shop = await view("shop");
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [undefined, narrow].filter((v, i) => i === 0 || v)) {
      await withPage(server, viewport ? { colorScheme, viewport } : { colorScheme }, async (page) => {
        await page.locator("a.trace-row").first().waitFor();
        const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(dark === "rgb(255, 255, 255)", colorScheme === "light");
        const all = {};
        all.list = await faults(page);
        await page.locator("a.trace-row", { hasText: "POST /quotes" }).click();
        await page.locator(".span-row").nth(5).waitFor();
        all.trace = await faults(page);
        await page.locator(".span-row").last().click();
        await page.locator(".span-name").waitFor();
        all.span = await faults(page);
        for (const name of ["operations", "map", "logs", "metrics", "panels"]) {
          await page.goto(`${server.url}#/${name}`);
          await page.locator("main .scroller").waitFor();
          all[name] = await faults(page);
        }
        assert.deepEqual(all, Object.fromEntries(Object.keys(all).map((k) => [k, []])));
      });
      await withPage(shop, viewport ? { colorScheme, viewport } : { colorScheme }, async (page) => {
        for (const [name, sign] of [["operations?since=5m", ".operations a.bad"], ["traces?operation=GET /orders&since=15m", "a.trace-row"], ["map", ".map .node"], ["metrics", ".exemplars a"]]) {
          await page.goto(`${shop.url}#/${name}`);
          await page.locator(sign).first().waitFor();
          assert.deepEqual(await faults(page), [], name);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${name}: wider than the screen`);
        }
      });
    }
  }
});

test("it says what it dropped, and when spor is gone", async () => {
  const server = await view("many");
  const page = await open(server.url);
  await found(page, /^5,000 traces$/);
  await page.locator(".notice", { hasText: "The oldest 100 traces were dropped" }).waitFor();
  await server.stop();
  await page.locator(".status.lost").waitFor();
  await page.locator(".notice", { hasText: "spor has ended" }).waitFor();
  await page.context().close();
});

test("recordings of nothing and of no kind", async () => {
  await assert.rejects(run(["view", recording("empty")]), /125: .*contains no telemetry/s);
  await assert.rejects(run(["view", recording("missing")]), /125: .*no such file/s);
  await assert.rejects(run(["view", "--ui", "0.0.0.0:0", recording("known")]), /125: .*not a loopback address/s);
});
