/** The orthophoto, the hillshade and the slope: what /imagery lists, draped on the globe. */

import { ImageryLayer, Math as Maths, Rectangle, SingleTileImageryProvider, UrlTemplateImageryProvider } from "@cesium/engine";
import { get } from "../api";
import type { Stage } from "../scene";
import type { ImageryInfo } from "../types";

export interface Imagery {
  names: string[];
  show: (name: string, shown: boolean) => void;
}

/** Each layer's look over the dark ground: the photograph as bright as roofs in the sun are drawn (scene), the shading lies over it. */
const LOOK: Record<string, { alpha: number; brightness: number; saturation: number; contrast: number }> = {
  orthophoto: { alpha: 1, brightness: 1.04, saturation: 0.9, contrast: 1.06 },
  hillshade: { alpha: 0.42, brightness: 0.9, saturation: 1, contrast: 1.1 },
  slope: { alpha: 0.6, brightness: 0.9, saturation: 1, contrast: 1 },
};

/** From afar the photograph steps back, so that the built-up mass is told from bright fields: between these heights of the eye, metres. */
const AFAR = { from: 5000, to: 22_000, brightness: 0.85, saturation: 0.7 };

/** Without a photograph the shading is the ground. */
const ALONE = { alpha: 0.85, brightness: 0.75, saturation: 1, contrast: 1.15 };

/** One dark pixel round the earth. The engine smears the edge of its lowest layer over the globe: this one may be smeared. */
const EARTH_PIXEL = "data:image/svg+xml," + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><rect width="1" height="1" fill="#27323a"/></svg>');

/** Degrees. A box that ends exactly on a tile's edge overlaps the next tile by a rounding error, which stops the engine. */
const INSET = 1e-7;

function layerOf(info: ImageryInfo, alone: boolean): ImageryLayer {
  const [west, south, east, north] = info.bbox.map((side, i) => side + (i < 2 ? INSET : -INSET)) as ImageryInfo["bbox"];
  const provider = new UrlTemplateImageryProvider({
    url: `/imagery/${info.name}/{z}/{x}/{y}`,
    minimumLevel: info.minzoom,
    maximumLevel: info.maxzoom,
    rectangle: Rectangle.fromDegrees(west, south, east, north),
    hasAlphaChannel: true,
  });
  provider.errorEvent.addEventListener(() => undefined); // a tile outside the data: the parent stays
  return new ImageryLayer(provider, alone ? ALONE : (LOOK[info.name] ?? {}));
}

function stepBack(stage: Stage, layer: ImageryLayer): void {
  const [{ brightness, saturation }, { camera, scene }] = [{ brightness: layer.brightness, saturation: layer.saturation }, stage.viewer];
  scene.preUpdate.addEventListener(() => {
    const height = camera.positionCartographic.height - stage.ground;
    const share = Maths.clamp((height - AFAR.from) / (AFAR.to - AFAR.from), 0, 1);
    layer.brightness = Maths.lerp(brightness, AFAR.brightness, share);
    layer.saturation = Maths.lerp(saturation, AFAR.saturation, share);
  });
}

/** Adds every served layer, the orthophoto lowest. Throws where /imagery does not answer. */
export async function openImagery(stage: Stage): Promise<Imagery> {
  if (!stage.hasGlobe) return { names: [], show: () => undefined };
  const { layers } = await get<{ layers: ImageryInfo[] }>("/imagery");
  const order = [...layers].sort((a, b) => Number(b.name === "orthophoto") - Number(a.name === "orthophoto"));
  stage.viewer.imageryLayers.add(new ImageryLayer(new SingleTileImageryProvider({ url: EARTH_PIXEL, tileWidth: 1, tileHeight: 1 })));
  const added = new Map(order.map((info) => [info.name, layerOf(info, info.name === "hillshade" && !order.some((one) => one.name === "orthophoto"))]));
  for (const layer of added.values()) stage.viewer.imageryLayers.add(layer);
  const photograph = added.get("orthophoto");
  if (photograph) stepBack(stage, photograph);
  return {
    names: order.map((info) => info.name),
    show: (name, shown) => {
      const layer = added.get(name);
      if (layer) layer.show = shown;
      stage.render();
    },
  };
}
