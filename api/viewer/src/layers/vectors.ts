/** Divisions, roads and water: lines and faces draped on the ground, read when first shown. */

import {
  BoundingSphere,
  ClassificationType,
  Color,
  ColorMaterialProperty,
  ConstantPositionProperty,
  ConstantProperty,
  DistanceDisplayCondition,
  Ellipsoid,
  type Entity,
  GeoJsonDataSource,
  HeightReference,
  LabelGraphics,
  LabelStyle,
  PolylineGraphics,
} from "@cesium/engine";
import { layerItems } from "../api";
import type { Stage } from "../scene";
import { LABEL_FONT } from "./landmarks";

export type VectorName = "divisions" | "roads" | "water";

interface Look {
  line: string;
  width: number;
  face?: string;
}

const LOOKS: Record<VectorName, Look> = {
  divisions: { line: "rgba(226, 184, 104, 0.6)", width: 3 },
  roads: { line: "rgba(228, 232, 238, 0.55)", width: 1.8 },
  water: { line: "rgba(92, 170, 205, 0.9)", width: 1.2, face: "rgba(46, 118, 156, 0.72)" },
};

const WIDER: Record<string, number> = { motorway: 4, trunk: 3.5, primary: 3, secondary: 2.2 };

function divisionName(text: string, clamp: boolean): LabelGraphics {
  return new LabelGraphics({
    text,
    font: LABEL_FONT,
    scale: 0.52,
    style: LabelStyle.FILL_AND_OUTLINE,
    fillColor: Color.fromCssColorString("#f3dfb2"),
    outlineColor: Color.fromCssColorString("#10161d"),
    outlineWidth: 6,
    heightReference: clamp ? HeightReference.CLAMP_TO_TERRAIN : HeightReference.NONE,
    disableDepthTestDistance: Number.POSITIVE_INFINITY,
    distanceDisplayCondition: new DistanceDisplayCondition(25_000, Number.POSITIVE_INFINITY),
  });
}

/** A division's outline instead of its face: polygons draped over a prefecture hide what they bound. */
function outline(entity: Entity, look: Look, clamp: boolean): void {
  const rings = entity.polygon?.hierarchy?.getValue();
  if (!rings?.positions?.length) return;
  entity.polygon = undefined;
  const middle = BoundingSphere.fromPoints(rings.positions).center;
  entity.position = new ConstantPositionProperty(Ellipsoid.WGS84.scaleToGeodeticSurface(middle) ?? middle);
  entity.label = divisionName(entity.name ?? "", clamp);
  entity.polyline = new PolylineGraphics({
    positions: [...rings.positions, rings.positions[0]],
    width: look.width,
    clampToGround: clamp,
    material: Color.fromCssColorString(look.line),
    classificationType: ClassificationType.TERRAIN,
  });
}

function dress(entity: Entity, name: VectorName, clamp: boolean): void {
  const look = LOOKS[name];
  if (name === "divisions") outline(entity, look, clamp);
  if (entity.polyline && name === "roads") {
    const road = entity.properties?.getValue() as { class?: string } | undefined;
    entity.polyline.width = new ConstantProperty(WIDER[road?.class ?? ""] ?? look.width);
    entity.polyline.classificationType = new ConstantProperty(ClassificationType.TERRAIN);
  }
  if (entity.polygon && look.face) {
    entity.polygon.material = new ColorMaterialProperty(Color.fromCssColorString(look.face));
    entity.polygon.outline = new ConstantProperty(false);
    entity.polygon.classificationType = new ConstantProperty(ClassificationType.TERRAIN);
  }
}

async function read(stage: Stage, name: VectorName): Promise<GeoJsonDataSource> {
  const look = LOOKS[name];
  const source = await GeoJsonDataSource.load(await layerItems(name), {
    clampToGround: stage.hasGlobe,
    stroke: Color.fromCssColorString(look.line),
    strokeWidth: look.width,
    fill: Color.fromCssColorString(look.face ?? "transparent"),
  });
  source.name = name;
  for (const entity of source.entities.values) dress(entity, name, stage.hasGlobe);
  return source;
}

/** Shows or hides a layer; the first showing reads it. Throws where the server does not answer. */
export function vectorSwitch(stage: Stage, name: VectorName): (shown: boolean) => Promise<void> {
  let source: Promise<GeoJsonDataSource> | undefined;
  return async (shown) => {
    if (!stage.hasGlobe) return; // nothing to drape them on
    if (!source && !shown) return;
    if (!source) {
      source = read(stage, name).then((made) => stage.viewer.dataSources.add(made) as Promise<GeoJsonDataSource>);
      source.catch(() => (source = undefined));
    }
    (await source).show = shown;
    stage.render();
  };
}
