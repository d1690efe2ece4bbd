/** What a click means: a symbol, a feature of the city tileset, or the ground. */

import { Cartesian2, Cartographic, Cesium3DTileFeature, Entity, Math as Maths, ScreenSpaceEventHandler, ScreenSpaceEventType } from "@cesium/engine";
import { groundUnder, type Stage } from "./scene";

export type Picked = { what: "sensor" | "vehicle" | "incident"; id: number } | { what: "theme"; layer: string; id: number } | { what: "cluster"; inside: Entity[] } | { what: "feature"; feature: Cesium3DTileFeature } | { what: "nothing" };

function isSymbol(what: unknown): what is "sensor" | "vehicle" | "incident" {
  return what === "sensor" || what === "vehicle" || what === "incident";
}

/** The topmost thing under a point of the window that has something to say. */
export function pickAt(stage: Stage, window: Cartesian2): Picked {
  const { scene, clock } = stage.viewer;
  let found: unknown = scene.pick(window);
  if (found instanceof Cesium3DTileFeature) return { what: "feature", feature: found };
  const symbol = asSymbol(found, clock.currentTime);
  if (symbol) return symbol;
  if (!found) return { what: "nothing" };
  // a label, a road or an outline lies on top: look through it
  for (found of scene.drillPick(window, 4) as unknown[]) {
    if (found instanceof Cesium3DTileFeature) return { what: "feature", feature: found };
    const below = asSymbol(found, clock.currentTime);
    if (below) return below;
  }
  return { what: "nothing" };
}

function asSymbol(found: unknown, time: Parameters<NonNullable<Entity["properties"]>["getValue"]>[0]): Picked | undefined {
  const entity = (found as { id?: unknown } | undefined)?.id;
  if (Array.isArray(entity) && entity.every((one) => one instanceof Entity)) return { what: "cluster", inside: entity };
  if (!(entity instanceof Entity) || !entity.properties) return undefined;
  const { cim, key, layer } = entity.properties.getValue(time) as { cim?: unknown; key?: unknown; layer?: unknown };
  if (cim === "theme") return { what: "theme", layer: String(layer), id: Number(key) };
  return isSymbol(cim) ? { what: cim, id: Number(key) } : undefined;
}

/** Longitude and latitude of what is seen at a point: a roof where there is one, else the ground. */
export function placeAt(stage: Stage, window: Cartesian2): [number, number] | undefined {
  const { scene } = stage.viewer;
  if (scene.pickPositionSupported && scene.pick(window) instanceof Cesium3DTileFeature) {
    const onRoof = scene.pickPosition(window);
    if (onRoof) return degrees(Cartographic.fromCartesian(onRoof));
  }
  const ground = groundUnder(stage, window);
  return ground ? degrees(ground) : undefined;
}

function degrees(at: Cartographic): [number, number] {
  return [Number(Maths.toDegrees(at.longitude).toFixed(7)), Number(Maths.toDegrees(at.latitude).toFixed(7))];
}

export function middleOf(stage: Stage): [number, number] | undefined {
  const { canvas } = stage.viewer;
  return placeAt(stage, new Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2));
}

export function eachClick(stage: Stage, run: (at: Cartesian2) => void): void {
  new ScreenSpaceEventHandler(stage.viewer.canvas).setInputAction((click: ScreenSpaceEventHandler.PositionedEvent) => run(click.position.clone()), ScreenSpaceEventType.LEFT_CLICK);
}
