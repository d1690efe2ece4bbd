/** The shapes the server answers with (GeoJSON in WGS84 lon/lat, times in ISO 8601). */

export interface Feature<P = Record<string, unknown>> {
  type: "Feature";
  id: number | string;
  geometry: { type: string; coordinates: unknown } | null;
  properties: P;
}

export interface FeatureCollection<P = Record<string, unknown>> {
  type: "FeatureCollection";
  features: Feature<P>[];
  links?: { rel: string; href: string }[];
  numberMatched?: number;
}

export interface Health {
  status: string;
  city: { name: string; name_en: string; time_zone: string; centre: [number, number]; old_town: [number, number]; bbox: [number, number, number, number] };
  counts: Record<string, number>;
  synthetic: boolean;
  tilesets: string[];
  version: string;
}

export interface ImageryInfo {
  name: string;
  title: string;
  title_en: string;
  bbox: [number, number, number, number];
  minzoom: number;
  maxzoom: number;
}

export interface Reading {
  datastream_id: number;
  property: string;
  unit: string;
  value: number | null;
  time: string | null;
  state: string;
}

export interface ThingProperties {
  name: string;
  kind: string;
  code: string;
  is_synthetic: boolean;
  building_id: number | null;
  readings: Reading[];
}
export type Thing = Feature<ThingProperties>;

export interface ObservationProperties extends Reading {
  name: string;
  kind: string;
}
export type ObservationEvent = Feature<ObservationProperties>;

export interface LogRow {
  at: string;
  from_state: string | null;
  to_state: string;
  note: string | null;
  by: string | null;
}

export interface IncidentProperties {
  kind: string;
  title: string;
  severity: number;
  state: string;
  description?: string | null;
  is_synthetic?: boolean;
  reported_by?: string | null;
  reported_at?: string;
  updated_at?: string;
  log?: LogRow[];
  /** The states it may go to next. */
  next?: string[];
}
export type Incident = Feature<IncidentProperties>;

/** A tileset has another root now: the hash of its bytes. */
export interface TileEvent {
  tileset: string;
  root: string;
}

export interface Place {
  name: string | null;
  address: string | null;
  kind: string;
  layer: string;
  division: string | null;
  /** Null for a division that is known by its name and code alone. */
  lon: number | null;
  lat: number | null;
  score: number;
  why: string[];
  says: Record<"zh" | "en", string>;
}

export interface Threshold {
  name: string;
  value: number;
}

/** One value that a column may have, as people call it, and its colour where a rule gives it one. */
export interface Choice {
  value: string;
  title: string;
  title_en: string;
  colour: string | null;
}

export interface LayerColumn {
  name: string;
  type: "text" | "integer" | "real" | "time" | "json";
  title: string;
  title_en: string;
  unit: string | null;
  choices?: Choice[];
}

/** A layer as the server describes it: all that is needed to list, draw and tell of it. */
export interface LayerInfo {
  id: string;
  title: string;
  title_en: string;
  group: { id: string; title: string; title_en: string };
  geometry: "point" | "line" | "polygon" | "none";
  look: { icon: string; colour: string; legend: string | null; reach: "cone" | "disc" | null };
  columns: LayerColumn[];
  /** What the heights in its geometry count from; absent where it has none. */
  vertical?: string;
}

/** Longitude and latitude of a Point feature, or undefined where it has none. */
export function lonLat(feature: Feature<unknown>): [number, number] | undefined {
  const at = feature.geometry?.type === "Point" ? (feature.geometry.coordinates as number[]) : [];
  const [lon, lat] = at;
  return typeof lon === "number" && typeof lat === "number" ? [lon, lat] : undefined;
}
