/** The tree of layers: the groups that people look in, in each the layers with their symbol, number, switch and legend. */

import { classColour } from "./colours";
import { byId, el } from "./dom";
import { eachLanguage, number, t, titled } from "./i18n";
import { icon } from "./icons";
import type { Theme } from "./layers/themes";
import { failed } from "./toast";

const on = new Set<string>();
const reaching = new Set<string>();
const open = new Set<string>();

function swatchOf(theme: Theme): HTMLElement {
  const { geometry, look } = theme.info;
  const mark = geometry === "point" ? icon(look.icon, 16) : el("i", { class: `mark ${geometry}` });
  return el("span", { class: "mark-box", style: `color: ${look.colour}` }, mark as unknown as HTMLElement);
}

function legendOf(theme: Theme): HTMLElement | null {
  const classes = theme.info.columns.find((column) => column.name === theme.info.look.legend)?.choices;
  if (!classes) return null;
  return el("ul", { class: "legend" }, ...classes.map((choice, at) => el("li", {}, el("span", { class: "swatch", style: `background: ${choice.colour ?? classColour(at)}` }), titled(choice))));
}

/** What lies under a layer that is on: its classes, whether some are left out, what it covers. */
function details(theme: Theme): HTMLElement {
  const { info } = theme;
  const more = theme.more ? el("p", { class: "quiet" }, t("layer.more", { n: number(theme.drawn, 0), all: number(theme.count, 0) })) : null;
  const none = theme.drawn === 0 ? el("p", { class: "quiet" }, t("layer.empty")) : null;
  const under = info.vertical ? el("p", { class: "quiet" }, t("layer.under")) : null;
  const box = el("input", { type: "checkbox", role: "switch", checked: reaching.has(info.id), "data-reach": info.id });
  box.addEventListener("change", () => {
    if (box.checked) reaching.add(info.id);
    else reaching.delete(info.id);
    theme.showReach(box.checked);
  });
  const reach = info.look.reach ? el("label", { class: "switch small" }, box, el("i"), el("span", {}, t("layer.reach"))) : null;
  return el("div", { class: "layer-more" }, legendOf(theme), under, more, none, reach);
}

function row(theme: Theme): HTMLElement {
  const { info } = theme;
  const box = el("input", { type: "checkbox", role: "switch", checked: on.has(info.id), "data-layer": info.id });
  const name = el("span", { class: "layer-name", title: titled(info) }, titled(info));
  const line = el("label", { class: "switch layer-line" }, box, el("i"), swatchOf(theme), name, el("small", {}, number(theme.count, 0)));
  const item = el("li", {}, line);
  const tell = (): void => {
    item.querySelector(".layer-more")?.remove();
    if (on.has(info.id)) item.append(details(theme));
    tellGroup(item);
  };
  const set = async (): Promise<void> => {
    if (box.checked) on.add(info.id);
    else on.delete(info.id);
    try {
      await theme.show(box.checked);
    } catch (error) {
      failed(error);
      void theme.show(false);
      on.delete(info.id);
      box.checked = false;
    }
    tell();
  };
  box.addEventListener("change", () => void set());
  theme.eachChange(tell);
  if (on.has(info.id)) item.append(details(theme));
  return item;
}

/** Says on a group's head how many of its layers are on. */
function tellGroup(item: Element): void {
  const group = item.closest("details");
  const count = group?.querySelectorAll("input[data-layer]:checked").length ?? 0;
  const badge = group?.querySelector("summary b");
  if (badge) badge.textContent = count ? String(count) : "";
}

function groupOf(themes: Theme[]): HTMLElement {
  const { id, ...titles } = themes[0]?.info.group ?? { id: "", title: "", title_en: "" };
  const lit = themes.filter((theme) => on.has(theme.info.id)).length;
  const head = el("summary", {}, el("span", {}, titled(titles)), el("b", {}, lit ? String(lit) : ""), el("small", {}, String(themes.length)));
  const group = el("details", { class: "layer-group", "data-group": id, open: open.has(id) }, head, el("ul", {}, ...themes.map(row)));
  group.addEventListener("toggle", () => (group.open ? open.add(id) : open.delete(id)));
  return group;
}

/** Draws the groups (again at each language); those without layers that hold something are not there. */
export function openTree(themes: Theme[]): void {
  const groups = new Map<string, Theme[]>();
  for (const theme of themes) groups.set(theme.info.group.id, [...(groups.get(theme.info.group.id) ?? []), theme]);
  eachLanguage(() => byId("themes").replaceChildren(...[...groups.values()].map(groupOf)));
}
