// Functions that format numbers, times and durations.

const units = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9], ["min", 60e9], ["h", 3600e9]];

// duration formats a time in ns with about three digits. So a reader can easily
// compare the values in a column.
export function duration(ns) {
  if (!ns) return "0 ms";
  let [unit, size] = units[0];
  for (const [u, s] of units.slice(1)) {
    if (ns < (s >= 60e9 ? 100 * (s === 60e9 ? 1e9 : 60e9) : s)) break;
    [unit, size] = [u, s];
  }
  const value = ns / size;
  const digits = unit === "ns" || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

export const count = new Intl.NumberFormat("en").format;

export function plural(n, thing) {
  return `${count(n)} ${thing}${n === 1 ? "" : "s"}`;
}

export function percent(part) {
  const p = 100 * part;
  if (p > 0 && p < 1) return "<1 %";
  return `${p.toFixed(0)} %`;
}

export function rate(perSecond) {
  if (perSecond >= 10) return `${perSecond.toFixed(0)}/s`;
  if (perSecond >= 0.1) return `${perSecond.toFixed(1)}/s`;
  return `${(perSecond * 60).toFixed(1)}/min`;
}

const hour = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const clock = new Intl.DateTimeFormat("en-GB", { ...hour, fractionalSecondDigits: 3 });
const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });

// time formats a time in Unix ms. If the date is not today, it includes the date.
export function time(ms) {
  if (!ms) return "";
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  return today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

// seconds formats a time in Unix ms without the date and the fraction of a second.
export const seconds = new Intl.DateTimeFormat("en-GB", hour).format;

// value formats the value of a metric. The format depends on the unit.
export function value(v, unit) {
  if (v === undefined || v === null) return "–";
  if (unit === "s") return duration(v * 1e9);
  if (unit === "ms") return duration(v * 1e6);
  if (unit === "By" || unit === "bytes") return bytes(v);
  if (unit === "%") return `${+(100 * v).toPrecision(2)} %`;
  const size = Math.abs(v);
  if (size >= 1e6) return `${(v / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return `${(v / 1e3).toFixed(1)} k`;
  return `${+v.toPrecision(3)}`;
}

const times = (unit, factors) => factors.map((factor) => factor * unit);
const decimal = [-9, -6, -3, 0, 3, 6, 9, 12].flatMap((power) => times(10 ** power, [1, 2, 5, 10, 20, 50, 100, 200, 500]));
const binary = [0, 1, 2, 3, 4].flatMap((power) => times(1024 ** power, [1, 2, 5, 10, 20, 50, 100, 200, 500]));
const elapsed = [...decimal.filter((s) => s <= 20), ...times(60, [1, 2, 5, 10, 20, 30]), ...times(3600, [1, 2, 5, 10, 20, 50, 100])];

// steps returns the distances that the ticks of an axis may have, so that value formats
// the ticks as round numbers.
export function steps(unit) {
  if (unit === "By" || unit === "bytes") return binary;
  if (unit === "s") return elapsed;
  return unit === "ms" ? times(1000, elapsed) : decimal;
}

// tick formats the value of a tick: 10 MiB, not 10.0 MiB.
export function tick(v, unit) {
  return value(v, unit).replace(/\.0+(?= )/, "");
}

export function bytes(n) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < names.length - 1) {
    n /= 1024;
    i++;
  }
  return `${n >= 100 || i === 0 ? n.toFixed(0) : n.toFixed(1)} ${names[i]}`;
}
