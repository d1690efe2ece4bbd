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
  city: { name: string; name_en: string; centre: [number, number]; old_town: [number, number]; bbox: [number, number, number, number] };
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

/** Longitude and latitude of a Point feature, or undefined where it has none. */
export function lonLat(feature: Feature<unknown>): [number, number] | undefined {
  const at = feature.geometry?.type === "Point" ? (feature.geometry.coordinates as number[]) : [];
  const [lon, lat] = at;
  return typeof lon === "number" && typeof lat === "number" ? [lon, lat] : undefined;
}
