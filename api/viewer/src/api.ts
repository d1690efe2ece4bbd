/** The server's doors: fetch, and errors as the server names them (application/problem+json). */

import type { Feature, FeatureCollection, LayerInfo, Threshold } from "./types";

/** What the server (or the network, code `network`) answered instead of a result. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

async function asProblem(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: unknown; title?: string };
  const detail = typeof body.detail === "string" ? body.detail : (body.title ?? response.statusText);
  return new Problem(response.status, body.code ?? `http_${response.status}`, detail);
}

async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "network", String(error));
  }
  if (!response.ok) throw await asProblem(response);
  return (await response.json()) as T;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return send<T>(path, { headers: { Accept: "application/geo+json, application/json" }, ...(signal ? { signal } : {}) });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return send<T>(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export function patch<T>(path: string, body: unknown): Promise<T> {
  return send<T>(path, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** Whether a door exists: true, or false on 404. Other failures are thrown. */
export async function exists(path: string): Promise<boolean> {
  const response = await fetch(path);
  if (response.ok) return true;
  if (response.status === 404) return false;
  throw await asProblem(response);
}

/** A link the server gave, as a path: behind a proxy its host may not be ours. */
function onThisHost(href: string | undefined): string | undefined {
  if (!href) return undefined;
  const url = new URL(href, location.href);
  return url.pathname + url.search;
}

/** Every layer that has features, as the server describes it. */
export async function layerInfos(): Promise<LayerInfo[]> {
  return (await get<{ collections: LayerInfo[] }>("/ogc/collections")).collections;
}

/** Features of a layer, heights above the ellipsoid; `more` where the limit left some out. `box`: west, south, east, north. */
export async function layerPart(layer: string, limit: number, box?: readonly number[], signal?: AbortSignal): Promise<{ features: Feature[]; more: boolean }> {
  const where = box ? `&bbox=${box.map((side) => side.toFixed(6)).join()}` : "";
  const found = await get<FeatureCollection>(`/ogc/collections/${layer}/items?heights=ellipsoidal&limit=${limit}${where}`, signal);
  return { features: found.features, more: found.links?.some((link) => link.rel === "next") ?? false };
}

/** Every feature of a small layer, page by page up to `limit`. */
export async function layerItems<P>(layer: string, limit = 5000): Promise<FeatureCollection<P>> {
  const all: FeatureCollection<P> = { type: "FeatureCollection", features: [] };
  let path: string | undefined = `/ogc/collections/${layer}/items?limit=1000`;
  while (path && all.features.length < limit) {
    const found: FeatureCollection<P> = await get(path);
    all.features.push(...found.features);
    path = onThisHost(found.links?.find((link) => link.rel === "next")?.href);
  }
  return all;
}

interface Datastream {
  "@iot.id": number;
  properties?: { thresholds?: Threshold[] | Record<string, number> };
}

/** A datastream's stated thresholds, ascending; an empty list where its owner stated none. */
export function thresholdsOf(stream: Datastream): Threshold[] {
  const stated = stream.properties?.thresholds ?? [];
  const list = Array.isArray(stated) ? stated : Object.entries(stated).map(([name, value]) => ({ name, value }));
  return [...list].sort((a, b) => a.value - b.value);
}

/** Thresholds of every datastream, by id. */
export async function allThresholds(): Promise<Map<number, Threshold[]>> {
  const found = new Map<number, Threshold[]>();
  let path: string | undefined = "/sta/v1.1/Datastreams?$top=1000";
  for (let page = 0; path && page < 20; page++) {
    const answer: { value: Datastream[]; "@iot.nextLink"?: string } = await get(path);
    for (const stream of answer.value) found.set(stream["@iot.id"], thresholdsOf(stream));
    path = onThisHost(answer["@iot.nextLink"]);
  }
  return found;
}

/** The last `count` observations of a datastream, oldest first. */
export async function lastObservations(datastream: number, count = 60): Promise<{ time: number; value: number }[]> {
  const query = `$top=${count}&$orderby=${encodeURIComponent("phenomenonTime desc")}`;
  const answer = await get<{ value: { phenomenonTime: string; result: number }[] }>(`/sta/v1.1/Datastreams(${datastream})/Observations?${query}`);
  return answer.value.map((o) => ({ time: Date.parse(o.phenomenonTime), value: Number(o.result) })).reverse();
}
