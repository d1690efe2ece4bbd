/** Vehicles: each glides from its last fix to the next instead of jumping. */

import { Cartesian3, ConstantPositionProperty, CustomDataSource, type Entity, Cartographic, Cartesian2, Color, DistanceDisplayCondition, LabelStyle, NearFarScalar } from "@cesium/engine";
import { badge } from "../icons";
import type { Stage } from "../scene";
import type { Thing } from "../types";
import { LABEL_FONT } from "./landmarks";

const COLOUR = "#8fd0ff";
/** Gliding redraws at most so often; a processor that draws the scene gets more time. */
const [FRAME_MS, SOFTWARE_FRAME_MS] = [80, 1000];
const [SHORTEST_MS, LONGEST_MS] = [400, 10_000];

interface Glide {
  entity: Entity;
  from: [number, number];
  to: [number, number];
  start: number;
  lasts: number;
  lastFix: number;
}

export interface Vehicles {
  move: (thing: Thing, at: [number, number]) => void;
  show: (shown: boolean) => void;
}

function mix(glide: Glide, now: number): [number, number] {
  const share = Math.min(1, (now - glide.start) / glide.lasts);
  return [glide.from[0] + (glide.to[0] - glide.from[0]) * share, glide.from[1] + (glide.to[1] - glide.from[1]) * share];
}

function onRoad(stage: Stage, [lon, lat]: [number, number]): Cartesian3 {
  const height = stage.hasGround ? stage.viewer.scene.globe.getHeight(Cartographic.fromDegrees(lon, lat)) : undefined;
  return Cartesian3.fromDegrees(lon, lat, (height ?? stage.ground) + 3);
}

function marker(stage: Stage, thing: Thing, at: [number, number]) {
  return {
    id: `vehicle-${thing.id}`,
    position: onRoad(stage, at),
    properties: { cim: "vehicle", key: Number(thing.id) },
    billboard: { image: badge("vehicle", COLOUR), width: 30, height: 30, disableDepthTestDistance: Number.POSITIVE_INFINITY, scaleByDistance: new NearFarScalar(800, 1, 12_000, 0.42) },
    label: {
      text: thing.properties.name,
      font: LABEL_FONT,
      scale: 0.42,
      fillColor: Color.fromCssColorString("#d7ecff"),
      outlineColor: Color.fromCssColorString("#10161d"),
      outlineWidth: 5,
      style: LabelStyle.FILL_AND_OUTLINE,
      pixelOffset: new Cartesian2(0, -26),
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
      distanceDisplayCondition: new DistanceDisplayCondition(0, 2500),
    },
  };
}

/** Opens the layer, empty; `move` adds a vehicle at its first fix. */
export async function openVehicles(stage: Stage): Promise<Vehicles> {
  const source = new CustomDataSource("vehicles");
  await stage.viewer.dataSources.add(source);
  const glides = new Map<number, Glide>();
  let running = false;

  const place = (glide: Glide, at: [number, number]): void => {
    glide.entity.position = new ConstantPositionProperty(onRoad(stage, at));
  };
  const step = (): void => {
    const now = performance.now();
    let moving = false;
    for (const glide of glides.values()) {
      if (glide.lasts === 0) continue;
      place(glide, mix(glide, now));
      if (now >= glide.start + glide.lasts) glide.lasts = 0;
      else moving = true;
    }
    stage.render();
    running = moving && source.show && !document.hidden;
    if (running) setTimeout(() => requestAnimationFrame(step), stage.isSoftware ? SOFTWARE_FRAME_MS : FRAME_MS);
  };
  const move = (thing: Thing, at: [number, number]): void => {
    const now = performance.now();
    const glide = glides.get(Number(thing.id));
    if (!glide) {
      const entity = source.entities.add(marker(stage, thing, at));
      glides.set(Number(thing.id), { entity, from: at, to: at, start: now, lasts: 0, lastFix: now });
      return stage.render();
    }
    if (at[0] === glide.to[0] && at[1] === glide.to[1]) return;
    const lasts = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, now - glide.lastFix));
    Object.assign(glide, { from: glide.lasts ? mix(glide, now) : glide.to, to: at, start: now, lasts, lastFix: now });
    if (running || !source.show) return;
    running = true;
    requestAnimationFrame(step);
  };
  return { move, show: (shown) => ((source.show = shown), stage.render()) };
}
