/** The search box: a combobox over /places, its candidates ranked by the server. */

import { get } from "./api";
import { byId, el } from "./dom";
import { currentLanguage, eachLanguage, lookUp, t } from "./i18n";
import { icon } from "./icons";
import { explain } from "./toast";
import type { Place } from "./types";

const WAIT_MS = 180;

/** Reasons that go without saying: everybody sees that the name is there. */
const PLAIN = new Set(["name", "short_name", "name_start", "part", "number", "building", "unit", "room", "on_it"]);

interface Answer {
  results: Place[];
  reason: Record<"code" | "zh" | "en", string> | null;
}

/** A landmark's or building's kind in the reader's words; kinds of addresses come in the file's own. */
function kindOf(place: Place): string {
  return lookUp(`lm.${place.kind}`) ?? lookUp(`use.${place.kind}`) ?? lookUp(`place.${place.kind}`) ?? lookUp(`layer.${place.layer}`) ?? place.kind;
}

/** Why a candidate that is not plainly the one is there all the same, and what tells divisions of one name apart. */
function remark(place: Place): string | null {
  const said = place.why.every((code) => PLAIN.has(code)) ? "" : place.says[currentLanguage()];
  const code = place.division && (place.layer === "divisions" || place.layer === "division_codes") ? place.division : "";
  return [code, said].filter(Boolean).join(" · ") || null;
}

function option(place: Place, index: number, choose: () => void): HTMLElement {
  const name = place.name ?? place.address ?? "";
  return el(
    "li",
    { id: `place-${index}`, role: "option", "aria-selected": "false", onmousedown: (event: Event) => (event.preventDefault(), choose()) },
    icon("place", 16),
    el("span", { class: "place-name" }, name, el("small", {}, kindOf(place))),
    place.address && place.address !== name ? el("span", { class: "place-address" }, place.address) : null,
    remark(place) ? el("span", { class: "place-address" }, remark(place)) : null,
  );
}

/** Wires #search; `go` is called with the chosen place. */
export function openSearch(go: (place: Place) => void): void {
  const box = byId<HTMLInputElement>("search");
  const list = byId("places");
  let places: Place[] = [];
  let active = -1;
  let timer: number | undefined;
  let asking: AbortController | undefined;

  const open = (shown: boolean): void => {
    list.hidden = !shown;
    box.setAttribute("aria-expanded", String(shown));
  };
  const mark = (next: number): void => {
    active = places.length ? (next + places.length) % places.length : -1;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    if (active >= 0) list.children[active]?.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", active >= 0 ? `place-${active}` : "");
  };
  const choose = (index: number): void => {
    const place = places[index];
    if (!place) return;
    box.value = place.name ?? place.address ?? "";
    open(false);
    go(place);
  };
  const say = (text: string): void => {
    places = [];
    list.replaceChildren(el("li", { class: "quiet", role: "presentation" }, text));
    mark(-1);
    open(true);
  };
  const ask = async (q: string): Promise<void> => {
    asking?.abort();
    asking = new AbortController();
    try {
      const { results, reason } = await get<Answer>(`/places?q=${encodeURIComponent(q)}&limit=8`, asking.signal);
      if (!results.length) return say(reason?.[currentLanguage()] ?? t("search.none", { q }));
      places = results;
      list.replaceChildren(...results.map((place, i) => option(place, i, () => choose(i))));
      mark(0);
      open(true);
    } catch (error) {
      if (!(error instanceof DOMException)) say(explain(error));
    }
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    const q = box.value.trim();
    if (!q) return open(false);
    timer = window.setTimeout(() => void ask(q), WAIT_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active - 1);
    else if (event.key === "Enter" && active >= 0 && !list.hidden) choose(active);
    else if (event.key === "Enter" && box.value.trim()) void ask(box.value.trim());
    else if (event.key === "Escape" && !list.hidden) open(false);
    else return;
    event.preventDefault();
  });
  box.addEventListener("blur", () => open(false));
  box.addEventListener("focus", () => open(places.length > 0 && box.value.trim() !== ""));
  eachLanguage(() => open(false));
}
