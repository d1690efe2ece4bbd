/** The list of incidents: open ones first by severity, newest first; closed ones on request. */

import { SEVERITY_COLOURS } from "./colours";
import { byId, el } from "./dom";
import { clockTime, eachLanguage, t, word } from "./i18n";
import { icon } from "./icons";
import { type Incidents, isOpen } from "./incidents";
import type { Incident } from "./types";

const MOST = 60;

function order(a: Incident, b: Incident): number {
  return Number(isOpen(b)) - Number(isOpen(a)) || a.properties.severity - b.properties.severity || Number(b.id) - Number(a.id);
}

function row(incident: Incident, choose: (id: number) => void): HTMLElement {
  const { kind, title, severity, state, reported_at } = incident.properties;
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: `incident ${isOpen(incident) ? "" : "done"}`, style: `--edge: ${SEVERITY_COLOURS[severity] ?? ""}`, "data-incident-id": String(incident.id), onclick: () => choose(Number(incident.id)) },
      icon(kind, 20),
      el("span", { class: "incident-title" }, title),
      el("span", { class: "incident-meta" }, `${word("sev", String(severity))} · ${word("inst", state)}${reported_at ? ` · ${clockTime(reported_at)}` : ""}`),
    ),
  );
}

/** Fills #incident-list and keeps it; `choose` opens one. */
export function openIncidentList(incidents: Incidents, choose: (id: number) => void): void {
  const list = byId("incident-list");
  const count = byId("incident-count");
  const all = byId<HTMLInputElement>("incident-all");
  const draw = (): void => {
    const known = [...incidents.known.values()];
    const open = known.filter(isOpen);
    const rows = (all.checked ? known : open).sort(order).slice(0, MOST);
    count.textContent = String(open.length);
    list.replaceChildren(...(rows.length ? rows.map((incident) => row(incident, choose)) : [el("li", { class: "quiet" }, t("incident.empty"))]));
  };
  all.addEventListener("change", () => (incidents.showDone(all.checked), draw()));
  incidents.eachChange(draw);
  eachLanguage(draw);
}
