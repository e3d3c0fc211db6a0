// This file has the functions that the tests of the pages share. The functions start spor and
// open the viewer in a browser. They record events in the browser that must not happen.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const programs = process.env.SPOR_TEST_PROGRAMS;
const recordings = process.env.SPOR_TEST_RECORDINGS;
const screenshots = process.env.SPOR_TEST_SCREENSHOTS;

export const wide = { width: 1280, height: 800 };
export const narrow = { width: 390, height: 844 };

export const browser = await chromium.launch({
  executablePath: process.env.SPOR_CHROMIUM,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});

const running = new Set();

// stopAll stops the servers and pages that are still open after a test.
export async function stopAll() {
  await Promise.all([...running].map((server) => server.stop()));
  await Promise.all(browser.contexts().map((context) => context.close()));
}

// view runs spor view with a recording.
export function view(name) {
  return run(["view", "--ui", "127.0.0.1:0", join(recordings, `${name}.jsonl`)]);
}

// run starts spor and waits until spor has printed its link.
export async function run(args, env = {}) {
  const process_ = spawn(join(programs, "spor"), args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    process_.stderr.on("data", (data) => {
      said += data;
      const link = said.match(/http:\/\/127\.0\.0\.1:\d+\/\w+\//);
      if (link) resolve(link[0]);
    });
    process_.stdout.resume();
    process_.on("exit", (code) => reject(new Error(`spor ended with ${code}: ${said}`)));
  });
  const ended = new Promise((resolve) => process_.on("exit", (code) => resolve(code)));
  const server = {
    url,
    ended,
    said: () => said,
    async stop() {
      process_.kill("SIGTERM");
      return ended;
    },
  };
  running.add(server);
  void ended.then(() => running.delete(server));
  return server;
}

export const program = (name) => join(programs, name);
export const recording = (name) => join(recordings, `${name}.jsonl`);

// open opens a page. Requests to other addresses, errors and dialogs must not happen. If they
// happen, open adds them to page.trouble.
export async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: wide, colorScheme: "light", timezoneId: "UTC", locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.trouble = [];
  page.setDefaultTimeout(30_000);
  context.on("request", (r) => {
    if (!r.url().startsWith(url) && !r.url().startsWith("blob:")) page.trouble.push(`request to ${r.url()}`);
  });
  page.on("pageerror", (error) => page.trouble.push(`error ${error.message}`));
  page.on("console", (message) => message.type() === "error" && page.trouble.push(`console ${message.text()}`));
  page.on("dialog", (dialog) => {
    page.trouble.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
  await page.goto(url);
  await page.waitForSelector("header nav");
  return page;
}

// close closes a page. It returns page.trouble, and the violations of the security policy.
export async function close(page) {
  const violations = await page.evaluate(() => window.violations);
  await page.context().close();
  return [...page.trouble, ...violations];
}

// faults returns the serious and critical accessibility problems that axe finds.
export async function faults(page) {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
}

// shot takes a screenshot of the upper part of a page.
export async function shot(page, name, height) {
  const { width } = page.viewportSize();
  await page.screenshot({ path: join(screenshots, `viewer-${name}.png`), clip: { x: 0, y: 0, width, height } });
}

// found waits until the list shows this number of traces.
export async function found(page, text) {
  await page.locator(".found", { hasText: text }).waitFor();
}

export const names = (page) => page.locator("a.trace-row .name b").allTextContents();
