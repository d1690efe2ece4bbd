/** The detail panel: one card at a time, redrawn when the language or its subject changes. */

import { byId, el } from "./dom";
import { eachLanguage, t } from "./i18n";
import { icon } from "./icons";

export interface Card {
  /** Names the subject, e.g. "building-17": the card redraws only for its own. */
  key: string;
  draw: () => HTMLElement[];
  /** Runs when the card leaves. */
  onClose?: () => void;
}

let shown: Card | undefined;
let cameFrom: Element | null = null;

function paint(): void {
  const host = byId("panel");
  host.hidden = !shown;
  document.body.classList.toggle("has-panel", shown !== undefined);
  host.replaceChildren();
  if (!shown) return;
  host.dataset.key = shown.key;
  host.append(el("button", { class: "icon-button panel-close", type: "button", "aria-label": t("close"), onclick: closePanel }, icon("close")), ...shown.draw());
}

export function openCard(card: Card): void {
  shown?.onClose?.();
  if (!shown) cameFrom = document.activeElement;
  shown = card;
  paint();
  byId("panel").scrollTop = 0;
}

export function closePanel(): void {
  const leaving = shown;
  if (!leaving) return;
  shown = undefined;
  paint();
  leaving.onClose?.();
  if (cameFrom instanceof HTMLElement && cameFrom.isConnected) cameFrom.focus();
}

/** Draws the card again if it is about this subject and nobody is typing in it. */
export function redraw(key: string): void {
  const typing = document.activeElement instanceof HTMLTextAreaElement || document.activeElement instanceof HTMLInputElement;
  if (shown?.key !== key || (typing && byId("panel").contains(document.activeElement))) return;
  const top = byId("panel").scrollTop;
  paint();
  byId("panel").scrollTop = top;
}

export function openKey(): string | undefined {
  return shown?.key;
}

export function watchPanel(): void {
  eachLanguage(paint);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) closePanel();
  });
}

/** A card's head: what kind of thing, its name, its badges. */
export function head(kind: string, iconName: string, title: string, badges: HTMLElement[] = []): HTMLElement {
  return el(
    "header",
    { class: "card-head" },
    el("span", { class: "card-kind" }, icon(iconName, 16), kind),
    el("h2", {}, title),
    badges.length ? el("div", { class: "badges" }, ...badges) : null,
  );
}

export function syntheticBadge(isSynthetic: boolean | undefined): HTMLElement[] {
  return isSynthetic ? [el("span", { class: "badge synthetic", title: t("badge.synthetic.title") }, t("badge.synthetic"))] : [];
}

/** Rows of a name and a value; rows without a value are left out. */
export function facts(rows: [label: string, value: string | Node | undefined | null][]): HTMLElement {
  const list = el("dl", { class: "facts" });
  for (const [label, value] of rows) {
    if (value === undefined || value === null || value === "") continue;
    list.append(el("dt", {}, label), el("dd", {}, value));
  }
  return list;
}
