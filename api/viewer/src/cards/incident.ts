/** The card of an incident: its facts, its log, and the steps it may take next. */

import { SEVERITY_COLOURS } from "../colours";
import { el } from "../dom";
import { clockTime, t, word } from "../i18n";
import { type Incidents } from "../incidents";
import { facts, head, openCard, redraw, syntheticBadge } from "../panel";
import { failed, toast } from "../toast";
import { type Incident, lonLat, type LogRow } from "../types";

export function incidentKey(id: number | string): string {
  return `incident-${id}`;
}

function logRow(row: LogRow): HTMLElement {
  return el(
    "li",
    { class: `step ${row.to_state}` },
    el("strong", {}, word("inst", row.to_state)),
    el("time", { datetime: row.at }, clockTime(row.at, true)),
    row.note || row.by ? el("p", {}, [row.note, row.by].filter(Boolean).join(" · ")) : null,
  );
}

function steps(incident: Incident, incidents: Incidents): HTMLElement | null {
  const next = incident.properties.next ?? [];
  if (!next.length) return null;
  const note = el("input", { type: "text", class: "field", maxlength: 200, placeholder: t("incident.note"), "aria-label": t("incident.note") });
  const buttons = next.map((state) => el("button", { class: `button move ${state}`, type: "button", "data-move": state, onclick: () => void move(state) }, t(`move.${state}` as "move.verified")));
  const move = async (state: string): Promise<void> => {
    buttons.forEach((button) => (button.disabled = true));
    note.blur();
    try {
      await incidents.advance(Number(incident.id), state, note.value.trim());
      toast({ title: t("incident.moved", { state: word("inst", state) }), text: incident.properties.title, lasts: 3500 });
    } catch (error) {
      failed(error);
    }
    await incidents.read(Number(incident.id)).catch(() => undefined);
    redraw(incidentKey(incident.id));
  };
  return el("section", { class: "moves" }, el("h3", {}, t("incident.move")), note, el("div", { class: "buttons" }, ...buttons));
}

function draw(incident: Incident, incidents: Incidents, fly: () => void): (HTMLElement | null)[] {
  const p = incident.properties;
  const at = lonLat(incident);
  const severity = el("span", { class: "badge", style: `--edge: ${SEVERITY_COLOURS[p.severity] ?? ""}` }, `${word("sevcolour", String(p.severity))} · ${word("sev", String(p.severity))}`);
  const state = el("span", { class: `badge state ${p.state}`, "data-field": "state" }, word("inst", p.state));
  return [
    head(word("inc", p.kind), p.kind, p.title, [severity, state, ...syntheticBadge(p.is_synthetic)]),
    facts([
      [t("field.description"), p.description],
      [t("field.reported"), p.reported_at ? clockTime(p.reported_at, true) : undefined],
      [t("field.reporter"), p.reported_by],
      [t("field.position"), at ? `${at[0].toFixed(5)}, ${at[1].toFixed(5)}` : undefined],
      [t("field.id"), el("code", { "data-field": "id" }, String(incident.id))],
    ]),
    el("button", { class: "button", type: "button", onclick: fly }, t("incident.fly")),
    steps(incident, incidents),
    el("h3", {}, t("incident.log")),
    p.log ? el("ol", { class: "log" }, ...[...p.log].reverse().map(logRow)) : el("p", { class: "quiet" }, t("loading")),
  ];
}

/** Opens the card and reads the log. */
export function showIncident(id: number, incidents: Incidents, flyTo: (at: [number, number]) => void): void {
  const incident = incidents.known.get(id);
  if (!incident) return;
  const at = lonLat(incident);
  const now = (): Incident => incidents.known.get(id) ?? incident;
  const key = incidentKey(id);
  openCard({ key, draw: () => draw(now(), incidents, () => at && flyTo(at)).filter((part) => part !== null) });
  incidents.read(id).then(() => redraw(key), failed);
}
