/** Toasts: short notices that come and go, and errors in the reader's language. */

import { Problem } from "./api";
import { byId, el } from "./dom";
import { lookUp, t } from "./i18n";
import { icon } from "./icons";

export interface Toast {
  title: string;
  text?: string;
  colour?: string;
  icon?: string;
  /** What a click does; the toast then closes. */
  act?: { label: string; run: () => void };
  /** Milliseconds until it goes by itself; 0 stays. */
  lasts?: number;
}

const MOST = 4;

export function toast(notice: Toast): void {
  const host = byId("toasts");
  const close = (): void => box.remove();
  const act = notice.act;
  const box = el(
    "div",
    { class: "toast glass", style: `--edge: ${notice.colour ?? "var(--accent)"}` },
    icon(notice.icon ?? "bell"),
    el("div", { class: "toast-text" }, el("strong", {}, notice.title), notice.text ? el("span", {}, notice.text) : null),
    act ? el("button", { class: "button small", type: "button", onclick: () => (act.run(), close()) }, act.label) : null,
    el("button", { class: "icon-button", type: "button", "aria-label": t("close"), onclick: close }, icon("close", 14)),
  );
  host.append(box);
  while (host.children.length > MOST) host.firstElementChild?.remove();
  const lasts = notice.lasts ?? 7000;
  if (lasts) setTimeout(close, lasts);
}

/** An error in the reader's words: by the server's code, then by its status, then as it came. */
export function explain(error: unknown): string {
  if (!(error instanceof Problem)) return t("error.other", { code: String(error) });
  return lookUp(`error.${error.code}`) ?? lookUp(`error.http_${error.status}`) ?? t("error.other", { code: error.code });
}

export function failed(error: unknown): void {
  const detail = error instanceof Problem && error.status >= 400 ? error.message : "";
  toast({ title: explain(error), text: detail, colour: "var(--red)", icon: "alarm" });
}
