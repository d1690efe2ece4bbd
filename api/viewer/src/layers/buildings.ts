/** The city tileset: its colouring as built, by use, height or plain, alarms on buildings, and the building that is selected. */

import { Cartographic, type Cesium3DTile, type Cesium3DTileFeature, type Cesium3DTileset, Cesium3DTileStyle, Rectangle } from "@cesium/engine";
import { HEIGHT_COLOURS, PLAIN_COLOUR, SELECTED_COLOUR, USE_COLOURS } from "../colours";
import type { Stage } from "../scene";
import { light, openChangeover } from "./changeover";

/** natural: as the tiles have it: textures where there are any, walls and roofs in quiet colours elsewhere. */
export type Colouring = "natural" | "use" | "height" | "plain";

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
  /** The computed picture that its walls show; none or undefined: no picture. */
  wall_texture?: string | undefined;
  /** Its roof is drawn as the orthophoto shows it. */
  roof_photo: boolean;
}

/** What is seen afar in place of its buildings. */
export interface BlockAttributes {
  id: string;
  count: number;
  volume?: number | undefined;
  height?: number | undefined;
  use?: string | undefined;
  is_synthetic: boolean;
}

/** What is lit: a building's id or a block's. The two are numbered apart, so a number alone would not tell them apart. */
export interface Selection {
  what: "building" | "block";
  id: string;
}

export interface Buildings {
  readonly tileset: Cesium3DTileset;
  /** The name of the root that is shown: the hash of its bytes. */
  readonly root: string;
  /** Whether the present view has all its tiles. A hidden layer lacks none: the engine leaves its count as it stood. */
  readonly isComplete: boolean;
  colourBy: (by: Colouring) => void;
  /** Buildings shown in an alarm's colour: id → CSS colour. */
  alarm: (colours: Map<string, string>) => void;
  /** Lights a building or a block; undefined lights none. By id, so it outlives the tile it was picked from. */
  select: (picked: Selection | undefined) => void;
  show: (shown: boolean) => void;
  /** Shows the newest edition of the model unless it is shown already; the present one stays until then. */
  reload: (root?: string) => Promise<void>;
  /** Runs after each change of edition; returns what ends that. */
  eachEdition: (run: () => void) => () => void;
  /** Runs while tiles are on their way: how many there are. */
  eachProgress: (run: (left: number) => void) => void;
}

interface Region {
  rectangle?: Rectangle;
  minimumHeight?: number;
}

type Condition = [string, string];

function base(by: Colouring): Condition[] {
  const otherwise = (colour: string): Condition => ["true", `color("${colour}")`];
  if (by === "natural") return [otherwise("#ffffff")];
  if (by === "plain") return [otherwise(PLAIN_COLOUR)];
  if (by === "use") {
    const uses = Object.entries(USE_COLOURS).map(([use, colour]): Condition => [`\${use} === "${use}"`, `color("${colour}")`]);
    return [...uses, otherwise(USE_COLOURS.unknown ?? PLAIN_COLOUR)];
  }
  return HEIGHT_COLOURS.map(([limit, colour]) => (limit === Infinity ? otherwise(colour) : [`\${height} < ${limit}`, `color("${colour}")`]));
}

/** Only blocks have a count. Ids are 64-bit in the tile (BigInt here), so they are compared as numbers. */
function isOne({ what, id }: Selection): string {
  return `\${count} ${what === "block" ? "!==" : "==="} undefined && Number(\${id}) === ${id}`;
}

/** Loads the city. Throws where the tileset does not answer. */
export async function openBuildings(stage: Stage): Promise<Buildings> {
  let by: Colouring = "natural";
  let alarms = new Map<string, string>();
  let selected: Selection | undefined;
  const watchers = new Set<() => void>();
  const progress = new Set<(left: number) => void>();
  const tell = (left: number): void => progress.forEach((run) => run(left));
  const model = await openChangeover(stage, {
    dress: (tileset) => {
      const lit: Condition[] = selected === undefined ? [] : [[isOne(selected), `color("${SELECTED_COLOUR}")`]];
      const alarmed = [...alarms].map(([id, colour]): Condition => [isOne({ what: "building", id }), `color("${colour}")`]);
      light(tileset, by === "natural");
      tileset.style = new Cesium3DTileStyle({ color: { conditions: [...lit, ...alarmed, ...base(by)] } });
    },
    opened: (tileset) => void tileset.loadProgress.addEventListener((asked: number, processing: number) => tell(asked + processing)),
    changed: () => {
      tell(0); // the old one may have left while some of its tiles were on their way
      for (const run of watchers) run();
    },
  });
  return {
    get tileset() {
      return model.shown.tileset;
    },
    get root() {
      return model.shown.root;
    },
    get isComplete() {
      const { tileset } = model.shown;
      return !tileset.show || tileset.tilesLoaded;
    },
    colourBy: (next) => ((by = next), model.dress()),
    alarm: (next) => {
      if ([...next].join() === [...alarms].join()) return;
      alarms = next;
      model.dress();
    },
    select: (next) => {
      if (next?.id === selected?.id && next?.what === selected?.what) return;
      selected = next;
      model.dress();
    },
    show: model.show,
    reload: model.renew,
    eachEdition: (run) => (watchers.add(run), () => watchers.delete(run)),
    eachProgress: (run) => progress.add(run),
  };
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

/** Whether a picked feature is a block of buildings, not one of them: only blocks are counted. */
export function isBlock(feature: Cesium3DTileFeature): boolean {
  return feature.hasProperty("count");
}

/** What the property table says of a picked block. */
export function blockOf(feature: Cesium3DTileFeature): BlockAttributes {
  const of = (name: string): unknown => feature.getProperty(name) as unknown;
  return {
    id: String(of("id")),
    count: quantity(of("count")) ?? 0,
    volume: quantity(of("volume")),
    height: quantity(of("height")),
    use: text(of("use")),
    is_synthetic: of("is_synthetic") === true,
  };
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
    wall_texture: text(of("wall_texture")),
    roof_photo: of("roof_photo") === true,
  };
}
