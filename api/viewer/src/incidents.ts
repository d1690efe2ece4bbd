/** Incidents: the one list of them, their pins on the map, and the steps each may take. */

import { ConstantProperty, CustomDataSource, type Entity, NearFarScalar, VerticalOrigin } from "@cesium/engine";
import { get, patch, post } from "./api";
import { SEVERITY_COLOURS } from "./colours";
import { pin } from "./icons";
import { clamping, onGround, type Stage } from "./scene";
import { type FeatureCollection, type Incident, type IncidentProperties, lonLat } from "./types";

export const KINDS = ["fire", "gas_leak", "traffic_accident", "flood", "collapse", "earthquake", "medical", "other"] as const;

/** Whether something is still to be done about it. */
export function isOpen(incident: Incident): boolean {
  const { state } = incident.properties;
  return state !== "closed" && state !== "rejected";
}

export type Draft = Pick<IncidentProperties, "kind" | "title" | "severity" | "description">;
type Change = (incident: Incident | undefined, isNew: boolean) => void;

export interface Incidents {
  known: Map<number, Incident>;
  refresh: () => Promise<void>;
  /** Takes an incident from the live line or from an answer; the newer of two versions stays. */
  take: (incident: Incident) => void;
  report: (draft: Draft, at: [number, number]) => Promise<Incident>;
  /** The incident with its log. */
  read: (id: number) => Promise<Incident>;
  advance: (id: number, state: string, note: string) => Promise<Incident>;
  show: (shown: boolean) => void;
  /** Whether pins of closed and rejected incidents stay on the map. */
  showDone: (shown: boolean) => void;
  eachChange: (run: Change) => void;
}

function marker(stage: Stage, incident: Incident, at: [number, number]) {
  return {
    id: `incident-${incident.id}`,
    position: onGround(stage, at),
    properties: { cim: "incident", key: Number(incident.id) },
    billboard: {
      image: image(incident),
      width: 44,
      height: 44,
      verticalOrigin: VerticalOrigin.BOTTOM,
      heightReference: clamping(stage),
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
      scaleByDistance: new NearFarScalar(800, 1, 15_000, 0.55),
    },
  };
}

function image(incident: Incident): HTMLCanvasElement {
  const { kind, severity } = incident.properties;
  return pin(kind, SEVERITY_COLOURS[severity] ?? "#8792a2", !isOpen(incident));
}

function isOlder(next: Incident, known: Incident | undefined): boolean {
  const [a, b] = [next.properties.updated_at, known?.properties.updated_at];
  return a !== undefined && b !== undefined && Date.parse(a) < Date.parse(b);
}

/** Opens the layer, empty; `refresh` fills it. */
export async function openIncidents(stage: Stage): Promise<Incidents> {
  const source = new CustomDataSource("incidents");
  await stage.viewer.dataSources.add(source);
  const known = new Map<number, Incident>();
  const changes = new Set<Change>();
  let withDone = false;

  const draw = (incident: Incident): void => {
    const at = lonLat(incident);
    if (!at) return;
    const pinned: Entity | undefined = source.entities.getById(`incident-${incident.id}`);
    const drawn = pinned ?? source.entities.add(marker(stage, incident, at));
    if (pinned?.billboard) pinned.billboard.image = new ConstantProperty(image(incident));
    drawn.show = withDone || isOpen(incident);
    stage.render();
  };
  const put = (incident: Incident, tell: boolean): void => {
    const id = Number(incident.id);
    const before = known.get(id);
    if (isOlder(incident, before)) return;
    const log = incident.properties.log ?? before?.properties.log;
    known.set(id, { ...incident, properties: { ...incident.properties, ...(log ? { log } : {}) } });
    draw(incident);
    if (tell) for (const run of changes) run(incident, before === undefined);
  };
  const take = (incident: Incident): void => put(incident, true);
  return {
    known,
    take,
    refresh: async () => {
      const { features } = await get<FeatureCollection<IncidentProperties>>("/incidents?limit=500");
      for (const incident of features) put(incident, false);
      for (const run of changes) run(undefined, false);
    },
    report: async (draft, at) => {
      const body = { type: "Feature", geometry: { type: "Point", coordinates: at }, properties: draft };
      const made = await post<Incident>("/incidents", body);
      take(made);
      return made;
    },
    read: async (id) => {
      const incident = await get<Incident>(`/incidents/${id}`);
      put(incident, false);
      return incident;
    },
    advance: async (id, state, note) => {
      const moved = await patch<Incident>(`/incidents/${id}`, { state, note });
      take(moved);
      return moved;
    },
    show: (shown) => ((source.show = shown), stage.render()),
    showDone: (shown) => {
      withDone = shown;
      for (const incident of known.values()) draw(incident);
    },
    eachChange: (run) => void changes.add(run),
  };
}
