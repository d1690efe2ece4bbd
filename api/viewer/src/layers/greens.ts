/** Trees and street furniture: a tileset of its own, seen from near only; what is picked there is looked up by its layer. */

import { Cartesian2, Cartesian3, type Cesium3DTileFeature, Cesium3DTileset, Cesium3DTileStyle, ShadowMode } from "@cesium/engine";
import { SELECTED_COLOUR } from "../colours";
import type { Stage } from "../scene";
import { foliage } from "./foliage";

export const GREENS = "greens";
const URL_OF_ROOT = `/tiles3d/${GREENS}/tileset.json`;

/** Screen pixels by which a plain tree may differ: near ones are full, and beyond some two kilometres there are none. */
const ERROR_PX = { hardware: 6, software: 24 };
const AMBIENT: [number, number, number] = [0.5, 0.53, 0.56];

export interface Greens {
  /** Whether the present view has all its tiles; a hidden layer lacks none. */
  readonly isComplete: boolean;
  show: (shown: boolean) => void;
  /** Lights what has this id; undefined lights nothing. */
  select: (id: number | undefined) => void;
  /** Reads the newest edition; the old one stays until then. */
  reload: () => Promise<void>;
}

async function read(stage: Stage, show: boolean): Promise<Cesium3DTileset> {
  const tileset = await Cesium3DTileset.fromUrl(URL_OF_ROOT, {
    maximumScreenSpaceError: stage.isSoftware ? ERROR_PX.software : ERROR_PX.hardware,
    cacheBytes: 96 * 1024 * 1024,
    shadows: ShadowMode.ENABLED,
    show,
  });
  tileset.customShader = foliage();
  tileset.environmentMapManager.enabled = false;
  tileset.imageBasedLighting.sphericalHarmonicCoefficients = [new Cartesian3(...AMBIENT), ...Array.from({ length: 8 }, () => new Cartesian3())];
  tileset.imageBasedLighting.imageBasedLightingFactor = new Cartesian2(1, 0);
  stage.viewer.scene.primitives.add(tileset);
  return tileset;
}

/** Opens the tileset; undefined where the city has none. Throws where it is there and cannot be read. */
export async function openGreens(stage: Stage): Promise<Greens | undefined> {
  const answer = await fetch(URL_OF_ROOT, { method: "HEAD", cache: "no-cache" });
  if (answer.status === 404) return undefined;
  let [isShown, lit] = [true, undefined as number | undefined];
  let current = await read(stage, isShown);
  const dress = (): void => {
    const conditions = [[`Number(\${id}) === ${lit}`, `color("${SELECTED_COLOUR}")`], ["true", 'color("white")']];
    current.style = lit === undefined ? undefined : new Cesium3DTileStyle({ color: { conditions } });
    stage.render();
  };
  return {
    get isComplete() {
      return !isShown || current.tilesLoaded;
    },
    show: (shown) => {
      isShown = current.show = shown;
      stage.render();
    },
    select: (id) => ((lit = id), dress()),
    reload: async () => {
      const old = current;
      current = await read(stage, isShown);
      dress();
      stage.viewer.scene.primitives.remove(old);
    },
  };
}

/** Whether a picked feature is a tree or a piece of furniture: buildings have no shape. */
export function isFixture(feature: Cesium3DTileFeature): boolean {
  return feature.hasProperty("shape");
}

/** The layer and the id of a picked fixture. */
export function fixtureOf(feature: Cesium3DTileFeature): { layer: string; id: number } {
  return { layer: String(feature.getProperty("layer")), id: Number(feature.getProperty("id")) };
}
