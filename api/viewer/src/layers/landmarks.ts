/** Landmarks: names that float over gates, towers and temples. */

import { Cartesian2, Cartesian3, Color, CustomDataSource, DistanceDisplayCondition, HeightReference, HorizontalOrigin, LabelStyle, NearFarScalar, VerticalOrigin } from "@cesium/engine";
import { layerItems } from "../api";
import type { Stage } from "../scene";
import { lonLat } from "../types";

interface Landmark {
  name: string | null;
  kind: string;
  height_m: number | null;
}

export const LABEL_FONT = '600 26px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Source Han Sans SC", sans-serif';
const ABOVE_ROOFS = 26;

function label(stage: Stage, text: string, [lon, lat]: [number, number], height: number) {
  const above = height + ABOVE_ROOFS;
  return {
    name: text,
    position: Cartesian3.fromDegrees(lon, lat, stage.hasGround ? above : stage.ground + above),
    label: {
      text,
      font: LABEL_FONT,
      scale: 0.5,
      style: LabelStyle.FILL_AND_OUTLINE,
      fillColor: Color.fromCssColorString("#f6e7c4"),
      outlineColor: Color.fromCssColorString("#10161d"),
      outlineWidth: 5,
      showBackground: true,
      backgroundColor: Color.fromCssColorString("rgba(10, 16, 24, 0.5)"),
      backgroundPadding: new Cartesian2(12, 7),
      horizontalOrigin: HorizontalOrigin.CENTER,
      verticalOrigin: VerticalOrigin.BOTTOM,
      heightReference: stage.hasGround ? HeightReference.RELATIVE_TO_TERRAIN : HeightReference.NONE,
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
      distanceDisplayCondition: new DistanceDisplayCondition(0, 9000),
      scaleByDistance: new NearFarScalar(600, 1.0, 7000, 0.62),
    },
  };
}

/** Reads the landmarks and adds their names; returns the layer's switch. */
export async function openLandmarks(stage: Stage): Promise<(shown: boolean) => void> {
  const source = new CustomDataSource("landmarks");
  const { features } = await layerItems<Landmark>("landmarks", 2000);
  for (const feature of features) {
    const at = lonLat(feature);
    const { name, height_m } = feature.properties;
    if (at && name) source.entities.add(label(stage, name, at, height_m ?? 0));
  }
  await stage.viewer.dataSources.add(source);
  return (shown) => {
    source.show = shown;
    stage.render();
  };
}
