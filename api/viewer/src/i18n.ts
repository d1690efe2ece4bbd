/** The language of the page: Chinese or English, asked by ?lang=, remembered, else the browser's. */

import { en } from "./words/en";
import { zh, type Words } from "./words/zh";

export type Language = "zh" | "en";
const KEY = "cim.lang";
const DICTIONARIES: Record<Language, Words> = { zh, en };
const listeners = new Set<() => void>();
let language: Language = initial();

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden: the page then simply forgets
  }
}

function initial(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? remembered();
  if (asked === "zh" || asked === "en") return asked;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function currentLanguage(): Language {
  return language;
}

/** What the server titles in both languages, in the page's. */
export function titled(what: { title: string; title_en: string }): string {
  return language === "zh" ? what.title : what.title_en;
}

/** BCP 47 tag for dates and numbers. */
export function locale(): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}

const names: Record<string, string> = { city: "", city_en: "", zone: Intl.DateTimeFormat().resolvedOptions().timeZone };

/**
 * Names the city in the page's title and brand, and tells by which clock the page shows times: the city's; the browser's
 * until it is known, and where the browser does not know that zone. The clock's label says which.
 */
export function nameCity(city: string, city_en: string, zone: string): void {
  Object.assign(names, { city, city_en });
  if (isZone(zone)) names.zone = zone;
  applyToPage();
}

function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}

/** A moment by the clock that the page goes by. */
export function byClock(at: number | string | Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: names.zone, hour12: false, ...options }).format(new Date(at));
}

/** How many hours the clock that the page goes by is ahead of UTC at a moment. */
export function hoursAhead(at: Date): number {
  const told = new Intl.DateTimeFormat("en", { timeZone: names.zone, timeZoneName: "longOffset" }).format(at);
  const [, sign, hours, minutes] = /GMT([+-])(\d+):(\d+)/.exec(told) ?? ["", "+", "0", "0"];
  return (sign === "-" ? -1 : 1) * (Number(hours) + Number(minutes) / 60);
}

/** The words for a key, `{name}` replaced; undefined where there are none. */
export function lookUp(key: string, values: Record<string, string | number> = {}): string | undefined {
  return DICTIONARIES[language][key as keyof Words]?.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? names[name] ?? ""));
}

/** The same for a key that is known to exist. */
export function t(key: keyof Words, values: Record<string, string | number> = {}): string {
  return lookUp(key, values) ?? key;
}

/** Words for a code the server used, e.g. word("use", "heritage"); an unknown code is shown as it came. */
export function word(group: string, code: string | null | undefined): string {
  if (!code) return t("unknown");
  return lookUp(`${group}.${code}`) ?? lookUp(`${group}.${code.replace(/[^a-z0-9]+/gi, "_").toLowerCase()}`) ?? code;
}

/** Runs now and after each change of language. */
export function eachLanguage(run: () => void): void {
  listeners.add(run);
  run();
}

export function setLanguage(next: Language): void {
  language = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // see remembered()
  }
  const url = new URL(location.href);
  if (url.searchParams.has("lang")) {
    url.searchParams.set("lang", next);
    history.replaceState(null, "", url);
  }
  applyToPage();
  for (const run of listeners) run();
}

/** Fills every element that names its words: data-t (text), data-t-label (aria-label and title), data-t-hint (placeholder). */
export function applyToPage(root: ParentNode = document): void {
  document.documentElement.lang = locale();
  document.title = t("page.title");
  for (const node of root.querySelectorAll<HTMLElement>("[data-t]")) node.textContent = t(node.dataset.t as keyof Words);
  for (const node of root.querySelectorAll<HTMLElement>("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel as keyof Words));
    node.title = t(node.dataset.tLabel as keyof Words);
  }
  for (const node of root.querySelectorAll<HTMLInputElement>("[data-t-hint]")) node.placeholder = t(node.dataset.tHint as keyof Words);
}

const [DAY, MINUTE] = [{ month: "2-digit", day: "2-digit" }, { hour: "2-digit", minute: "2-digit" }] as const;

/** Day and time by the page's clock. */
export function clockTime(at: number | string | Date, seconds = false): string {
  return byClock(at, { ...DAY, ...MINUTE, ...(seconds ? { second: "2-digit" } : {}) });
}

/** The same with its year, for what may be long ago or far ahead. */
export function datedTime(at: number | string | Date): string {
  return byClock(at, { year: "numeric", ...DAY, ...MINUTE });
}

export function number(value: number, digits = 2): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}
