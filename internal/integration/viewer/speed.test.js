// These tests read measurements from the browser's own trace. They print the measurements, but
// do not check them, because the measurements depend on the machine.
import { after, afterEach, test } from "node:test";
import { browser, found, open, stopAll, view } from "./pages.js";

afterEach(stopAll);
after(() => browser.close());

// traced runs use and returns the browser's trace events, sorted by time.
async function traced(page, use) {
  await browser.startTracing(page, { categories: ["devtools.timeline", "blink.user_timing", "toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline.frame"] });
  await use();
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  return traceEvents.sort((a, b) => a.ts - b.ts);
}

// untilPaint returns the time in ms from an input event to the first paint after a mark.
function untilPaint(events, input, mark) {
  const begin = events.find((e) => e.name === "EventDispatch" && e.args.data?.type === input)?.ts;
  const marked = events.find((e) => e.name === mark && e.cat.includes("user_timing"))?.ts;
  const paint = events.find((e) => e.ts >= marked && (e.name === "Paint" || e.name === "Commit"));
  return (paint.ts + (paint.dur ?? 0) - begin) / 1000;
}

// markWhen sets a performance mark when a condition of the document becomes true.
const markWhen = (page, condition) => page.evaluate((text) => {
  const [selector, want] = text.split("|");
  const seen = () => [...document.querySelectorAll(selector)].some((e) => e.textContent.includes(want ?? ""));
  new MutationObserver((_, observer) => {
    if (!seen()) return;
    performance.mark("seen");
    observer.disconnect();
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}, condition);

// cpu returns the processor time of tasks in ms. On a machine with other programs, processor
// time varies less than the time of the clock.
const cpu = (events) => events.filter((e) => e.name.endsWith("RunTask")).map((e) => (e.tdur ?? 0) / 1000);

const tasks = (events) => events.filter((e) => e.name === "RunTask" || e.name === "ThreadControllerImpl::RunTask").map((e) => (e.dur ?? 0) / 1000);

test("10,000 spans", async (t) => {
  const server = await view("big");
  const page = await open(server.url);
  await page.locator("a.trace-row").waitFor();
  await markWhen(page, ".span-row");
  const click = await traced(page, async () => {
    await page.locator("a.trace-row").click();
    await page.locator(".span-row").first().waitFor();
    await page.waitForTimeout(500);
  });
  t.diagnostic(`10,000 spans: ${untilPaint(click, "click", "seen").toFixed(0)} ms from the click to the paint; the longest task had the processor for ${Math.max(...cpu(click)).toFixed(0)} ms`);

  const box = await page.locator("[role=treegrid]").boundingBox();
  await page.mouse.move(box.x + 200, box.y + 200);
  const scroll = await traced(page, async () => {
    for (let i = 0; i < 60; i++) {
      await page.mouse.wheel(0, 400);
      await page.waitForTimeout(16);
    }
  });
  const ms = tasks(scroll);
  t.diagnostic(`scrolling 24,000 px: the longest task ${Math.max(...ms).toFixed(0)} ms of wall clock, ${Math.max(...cpu(scroll)).toFixed(0)} ms of the processor`);
});

test("5,000 traces", async (t) => {
  const server = await view("many");
  const page = await open(server.url);
  await found(page, /^5,000 traces$/);
  for (const [words, want] of [["order 4711", "1 of"], ["region=north", "of"], ["nothing like it", "0 of"]]) {
    await page.getByRole("searchbox").fill("");
    await found(page, /^5,000 traces$/);
    await markWhen(page, `.found|${want}`);
    const events = await traced(page, async () => {
      await page.getByRole("searchbox").fill(words);
      await found(page, want);
      await page.waitForTimeout(200);
    });
    t.diagnostic(`5,000 traces: ${untilPaint(events, "input", "seen").toFixed(0)} ms from the input of "${words}" to the paint`);
  }
  const api = await page.evaluate(async () => {
    const begin = performance.now();
    const answer = await fetch("api/traces?limit=5000");
    const all = await answer.json();
    return [all.traces.length, performance.now() - begin];
  });
  t.diagnostic(`${api[0]} traces listed in ${api[1].toFixed(0)} ms`);
});
