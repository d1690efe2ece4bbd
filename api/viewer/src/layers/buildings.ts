/** The city tileset: its colouring by use, height or plain, alarms on buildings, and the building that is selected. */

import { Cartesian2, Cartesian3, Cartographic, type Cesium3DTile, Cesium3DTileColorBlendMode, type Cesium3DTileFeature, Cesium3DTileset, Cesium3DTileStyle, CustomShader, Rectangle, ShadowMode } from "@cesium/engine";
import { HEIGHT_COLOURS, PLAIN_COLOUR, SELECTED_COLOUR, USE_COLOURS } from "../colours";
import type { Stage } from "../scene";

export type Colouring = "use" | "height" | "plain";

/** A building as the tile tells it; unknown values are undefined. */
export interface BuildingAttributes {
  id: string;
  name?: string | undefined;
  use?: string | undefined;
  height?: number | undefined;
  storeys?: number | undefined;
  roof_form?: string | undefined;
  cim_level?: string | undefined;
  lod?: number | undefined;
  source?: string | undefined;
  is_synthetic: boolean;
  accuracy?: number | undefined;
}

export interface Buildings {
  tileset: Cesium3DTileset;
  colourBy: (by: Colouring) => void;
  /** Buildings shown in an alarm's colour: id → CSS colour. */
  alarm: (colours: Map<string, string>) => void;
  /** Lights the building of this id; undefined lights none. By id, so it outlives the tile it was picked from. */
  select: (id: string | undefined) => void;
  show: (shown: boolean) => void;
  /** Reads the root again after the model has changed. */
  reload: () => Promise<void>;
}

const URL_OF_ROOT = "/tiles3d/city/tileset.json";

/** Soft light from all sides; the engine's own environment map would cost a pass of its own. */
const AMBIENT: [number, number, number] = [0.3, 0.32, 0.36];

/** Walls a little darker than what lies flat or slopes, and roofs that slope the darker the steeper: forms stay legible in one colour. */
const FORM = `
void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 up = normalize((czm_view * vec4(normalize(fsInput.attributes.positionWC), 0.0)).xyz);
  float lying = abs(dot(normalize(fsInput.attributes.normalEC), up));
  material.diffuse *= mix(0.62, 1.0, smoothstep(0.05, 0.35, lying)) * mix(0.8, 1.0, smoothstep(0.7, 0.98, lying) + (1.0 - smoothstep(0.05, 0.35, lying)));
}`;

interface Region {
  rectangle?: Rectangle;
  minimumHeight?: number;
}

type Condition = [string, string];

function base(by: Colouring): Condition[] {
  const otherwise = (colour: string): Condition => ["true", `color("${colour}")`];
  if (by === "plain") return [otherwise(PLAIN_COLOUR)];
  if (by === "use") {
    const uses = Object.entries(USE_COLOURS).map(([use, colour]): Condition => [`\${use} === "${use}"`, `color("${colour}")`]);
    return [...uses, otherwise(USE_COLOURS.unknown ?? PLAIN_COLOUR)];
  }
  return HEIGHT_COLOURS.map(([limit, colour]) => (limit === Infinity ? otherwise(colour) : [`\${height} < ${limit}`, `color("${colour}")`]));
}

/** Ids are 64-bit in the tile (BigInt here), so they are compared as numbers. */
function byId(colours: Iterable<[string, string]>): Condition[] {
  return [...colours].map(([id, colour]) => [`Number(\${id}) === ${id}`, `color("${colour}")`]);
}

async function load(stage: Stage): Promise<Cesium3DTileset> {
  const tileset = await Cesium3DTileset.fromUrl(URL_OF_ROOT, {
    maximumScreenSpaceError: stage.isSoftware ? 20 : 5,
    cacheBytes: 384 * 1024 * 1024,
    skipLevelOfDetail: false,
    shadows: ShadowMode.ENABLED,
  });
  tileset.customShader = new CustomShader({ fragmentShaderText: FORM });
  tileset.colorBlendMode = Cesium3DTileColorBlendMode.MIX;
  tileset.colorBlendAmount = 0.94;
  tileset.environmentMapManager.enabled = false;
  tileset.imageBasedLighting.sphericalHarmonicCoefficients = [new Cartesian3(...AMBIENT), ...Array.from({ length: 8 }, () => new Cartesian3())];
  tileset.imageBasedLighting.imageBasedLightingFactor = new Cartesian2(1, 0); // no mirror images on walls
  stage.viewer.scene.primitives.add(tileset);
  return tileset;
}

/** Loads the city. Throws where the tileset does not answer. */
export async function openBuildings(stage: Stage): Promise<Buildings> {
  let by: Colouring = "use";
  let alarms = new Map<string, string>();
  let selected: string | undefined;
  const restyle = (): void => {
    const lit: [string, string][] = selected === undefined ? [] : [[selected, SELECTED_COLOUR]];
    city.tileset.style = new Cesium3DTileStyle({ color: { conditions: [...byId(lit), ...byId(alarms), ...base(by)] } });
    stage.render();
  };
  const city: Buildings = {
    tileset: await load(stage),
    colourBy: (next) => ((by = next), restyle()),
    alarm: (next) => {
      if ([...next].join() === [...alarms].join()) return;
      alarms = next;
      restyle();
    },
    select: (id) => {
      if (id === selected) return;
      selected = id;
      restyle();
    },
    show: (shown) => ((city.tileset.show = shown), stage.render()),
    reload: async () => {
      const old = city.tileset;
      city.tileset = await load(stage);
      city.tileset.show = old.show;
      restyle();
      stage.viewer.scene.primitives.remove(old);
    },
  };
  restyle();
  return city;
}

/** The lowest height of the smallest known tile over a place: stands in for the ground where no terrain is served. */
export function lowestOver(tileset: Cesium3DTileset, [lon, lat]: [number, number]): number {
  const here = Cartographic.fromDegrees(lon, lat);
  const regionOf = (tile: Cesium3DTile): Region => (tile as unknown as { boundingVolume: Region }).boundingVolume;
  let tile: Cesium3DTile | undefined = tileset.root;
  let lowest = 0;
  while (tile) {
    lowest = regionOf(tile).minimumHeight ?? lowest;
    tile = tile.children.find((child) => {
      const { rectangle } = regionOf(child);
      return rectangle !== undefined && Rectangle.contains(rectangle, here);
    });
  }
  return lowest;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function quantity(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** What the property table says of a picked feature (ids are 64-bit: kept as text). */
export function attributesOf(feature: Cesium3DTileFeature): BuildingAttributes {
  const of = (name: string): unknown => feature.getProperty(name) as unknown;
  return {
    id: String(of("id")),
    name: text(of("name")),
    use: text(of("use")),
    height: quantity(of("height")),
    storeys: quantity(of("storeys")) || undefined,
    roof_form: text(of("roof_form")),
    cim_level: text(of("cim_level")),
    lod: quantity(of("lod")),
    source: text(of("source")),
    is_synthetic: of("is_synthetic") === true,
    accuracy: quantity(of("accuracy")),
  };
}
