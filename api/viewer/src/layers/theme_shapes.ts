/** A feature of a layer as the engine draws it: symbols, lines on or under the ground, outlined areas. */

import { Cartesian3, Cartographic, ClassificationType, Color, Entity, NearFarScalar, PolylineDashMaterialProperty } from "@cesium/engine";
import { classColour } from "../colours";
import { badge } from "../icons";
import { clamping, onGround, type Stage } from "../scene";
import { type Feature, type LayerInfo, lonLat } from "../types";
import { reachOf, ringOf } from "./reach";

type Place = number[];

export interface Style {
  colour: string;
  width: number;
  /** Width and height of a symbol, pixels. */
  size: number;
  /** Areas are filled, not only outlined. */
  fill: boolean;
}

/** The colour of a feature: its class's, else its layer's. */
export function colourOf(info: LayerInfo, properties: Record<string, unknown>): string {
  const classes = info.columns.find((column) => column.name === info.look.legend)?.choices ?? [];
  const at = classes.findIndex((choice) => choice.value === properties[info.look.legend ?? ""]);
  return at < 0 ? info.look.colour : (classes[at]?.colour ?? classColour(at));
}

function parts(feature: Feature): { lines: Place[][]; areas: Place[][][] } {
  const { type, coordinates } = feature.geometry ?? { type: "", coordinates: [] };
  if (type === "LineString") return { lines: [coordinates as Place[]], areas: [] };
  if (type === "MultiLineString") return { lines: coordinates as Place[][], areas: [] };
  if (type === "Polygon") return { lines: [], areas: [coordinates as Place[][]] };
  if (type === "MultiPolygon") return { lines: [], areas: coordinates as Place[][][] };
  return { lines: [], areas: [] };
}

/** Whether a line has a height at every vertex. */
export function isRaised(feature: Feature): boolean {
  const { lines } = parts(feature);
  return lines.length > 0 && lines.every((line) => line.every((place) => place.length > 2));
}

function positions(stage: Stage, places: Place[]): Cartesian3[] {
  return places.map(([lon = 0, lat = 0, height]) => (height === undefined ? onGround(stage, [lon, lat], 1) : Cartesian3.fromDegrees(lon, lat, height)));
}

function symbol(stage: Stage, info: LayerInfo, at: [number, number], style: Style): Entity.ConstructorOptions {
  return {
    position: onGround(stage, at, 3),
    billboard: {
      image: badge(info.look.icon, style.colour),
      width: style.size,
      height: style.size,
      heightReference: clamping(stage),
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
      scaleByDistance: new NearFarScalar(800, 1, 20_000, 0.5),
    },
  };
}

/** A line with heights is drawn where it lies, and dashed through whatever lies over it; a flat one on the ground. */
function line(stage: Stage, places: Place[], raised: boolean, style: Style): Entity.ConstructorOptions {
  const colour = Color.fromCssColorString(style.colour);
  const under = raised ? { depthFailMaterial: new PolylineDashMaterialProperty({ color: colour.withAlpha(0.75), dashLength: 14 }) } : {};
  return {
    polyline: { positions: positions(stage, places), width: style.width, material: colour, clampToGround: stage.hasGlobe && !raised, classificationType: ClassificationType.TERRAIN, ...under },
  };
}

function area(stage: Stage, rings: Place[][], style: Style): Entity.ConstructorOptions {
  const [outer = [], ...holes] = rings.map((ring) => positions(stage, ring));
  const colour = Color.fromCssColorString(style.colour);
  const draped = stage.hasGlobe ? { classificationType: ClassificationType.TERRAIN } : { height: stage.ground + 1 };
  const face = style.fill ? { polygon: { hierarchy: { positions: outer, holes: holes.map((ring) => ({ positions: ring, holes: [] })) }, material: colour.withAlpha(0.22), ...draped } } : {};
  return { ...face, ...outline(stage, outer, style) };
}

function outline(stage: Stage, ring: Cartesian3[], style: Style): Entity.ConstructorOptions {
  const material = Color.fromCssColorString(style.colour).withAlpha(0.9);
  return { polyline: { positions: ring, width: style.width, material, clampToGround: stage.hasGlobe, classificationType: ClassificationType.TERRAIN } };
}

/** An area's entities: its face and outer edge, then the edges of its holes. */
function areaOf(stage: Stage, rings: Place[][], style: Style): Entity.ConstructorOptions[] {
  return [area(stage, rings, style), ...rings.slice(1).map((hole) => outline(stage, positions(stage, hole), style))];
}

/** The entities of a feature (several where it has several parts); each knows its layer and id. */
export function entitiesOf(stage: Stage, info: LayerInfo, feature: Feature, style: Style): Entity[] {
  const at = lonLat(feature);
  const { lines, areas } = parts(feature);
  const raised = isRaised(feature);
  const made = at ? [symbol(stage, info, at, style)] : [...lines.map((places) => line(stage, places, raised, style)), ...areas.flatMap((rings) => areaOf(stage, rings, style))];
  return made.map((options) => new Entity({ ...options, properties: { cim: "theme", layer: info.id, key: Number(feature.id) } }));
}

/** What a point covers, laid over the ground and what stands on it; nothing where the feature does not say. */
export function reachEntity(stage: Stage, info: LayerInfo, feature: Feature): Entity | undefined {
  const at = lonLat(feature);
  const reach = reachOf(info.look.reach, feature.properties);
  if (!at || !reach) return undefined;
  const height = stage.hasGround ? (stage.viewer.scene.globe.getHeight(Cartographic.fromDegrees(...at)) ?? stage.ground) : stage.ground;
  const ring = ringOf(Cartesian3.fromDegrees(...at, height + 1), reach);
  const colour = Color.fromCssColorString(colourOf(info, feature.properties));
  const draped = stage.hasGlobe ? { classificationType: ClassificationType.BOTH } : { height: stage.ground + 1 };
  return new Entity({
    polygon: { hierarchy: { positions: ring, holes: [] }, material: colour.withAlpha(0.2), ...draped },
    polyline: { positions: ring, width: 1.5, material: colour.withAlpha(0.85), clampToGround: stage.hasGlobe, classificationType: ClassificationType.BOTH },
  });
}

/** Longitude and latitude of the middle of a feature's vertices. */
export function middleOfFeature(feature: Feature): [number, number] | undefined {
  const at = lonLat(feature);
  if (at) return at;
  const { lines, areas } = parts(feature);
  const places = [...lines, ...areas.flat()].flat();
  if (!places.length) return undefined;
  const mean = (axis: 0 | 1): number => places.reduce((sum, place) => sum + (place[axis] ?? 0), 0) / places.length;
  return [mean(0), mean(1)];
}
