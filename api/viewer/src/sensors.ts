/** Sensors: what stands where, its last readings and its state; kept live. */

import { CustomDataSource, type Entity, ConstantProperty, NearFarScalar } from "@cesium/engine";
import { allThresholds, get } from "./api";
import { isAlarm, stateColour } from "./colours";
import { badge } from "./icons";
import { clamping, onGround, type Stage } from "./scene";
import { type FeatureCollection, lonLat, type ObservationEvent, type Reading, type Thing, type ThingProperties, type Threshold } from "./types";

export interface Sensors {
  things: Map<number, Thing>;
  /** Reads everything again: at the start and after a lost connection. */
  refresh: () => Promise<void>;
  observe: (event: ObservationEvent) => void;
  show: (shown: boolean) => void;
  thresholds: (datastream: number) => Threshold[];
  colourOf: (reading: Reading) => string;
}

interface Listeners {
  /** A thing that moves: its position goes to the vehicle layer. */
  onVehicle: (thing: Thing, at: [number, number]) => void;
  onChange: (thing: Thing) => void;
  onAlarm: (thing: Thing, reading: Reading) => void;
}

/** The reading that speaks for the whole thing: an alarm before a stale value before a normal one. */
export function leading(thing: Thing): Reading | undefined {
  const weight = (r: Reading): number => (isAlarm(r.state) ? 2 : r.state === "normal" ? 0 : 1);
  return [...thing.properties.readings].sort((a, b) => weight(b) - weight(a))[0];
}

export function isInAlarm(thing: Thing): boolean {
  return thing.properties.readings.some((r) => isAlarm(r.state));
}

function marker(stage: Stage, thing: Thing, at: [number, number], colour: string) {
  return {
    id: `sensor-${thing.id}`,
    position: onGround(stage, at, 3),
    properties: { cim: "sensor", key: Number(thing.id) },
    billboard: {
      image: badge(thing.properties.kind, colour),
      width: 30,
      height: 30,
      heightReference: clamping(stage),
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
      scaleByDistance: new NearFarScalar(800, 1, 12_000, 0.42),
    },
  };
}

/** Opens the layer, empty; `refresh` fills it. */
export async function openSensors(stage: Stage, listeners: Listeners): Promise<Sensors> {
  const source = new CustomDataSource("sensors");
  await stage.viewer.dataSources.add(source);
  const things = new Map<number, Thing>();
  let stated = new Map<number, Threshold[]>();

  const colourOf = (reading: Reading): string => {
    const list = stated.get(reading.datastream_id) ?? [];
    return stateColour(reading.state, list.findIndex((threshold) => threshold.name === reading.state), list.length);
  };
  const paint = (thing: Thing): void => {
    const at = lonLat(thing);
    if (!at) return;
    if (thing.properties.kind === "vehicle") return listeners.onVehicle(thing, at);
    const first = leading(thing);
    const colour = first ? colourOf(first) : stateColour("unknown");
    const known: Entity | undefined = source.entities.getById(`sensor-${thing.id}`);
    if (!known) source.entities.add(marker(stage, thing, at, colour));
    else if (known.billboard) known.billboard.image = new ConstantProperty(badge(thing.properties.kind, colour));
    stage.render();
  };
  const read = async (): Promise<void> => {
    stated = await allThresholds().catch(() => stated); // without them every alarm is orange
    const { features } = await get<FeatureCollection<ThingProperties>>("/sensors/latest");
    for (const thing of features) {
      things.set(Number(thing.id), thing);
      paint(thing);
      listeners.onChange(thing);
    }
  };
  let reading: Promise<void> | undefined;
  const refresh = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)));
  const observe = (event: ObservationEvent): void => {
    const thing = things.get(Number(event.id));
    if (!thing) return void refresh().catch(() => undefined); // registered since: read it with the rest
    const { datastream_id, property, unit, value, time, state } = event.properties;
    const latest: Reading = { datastream_id, property, unit, value, time, state };
    const { readings } = thing.properties;
    const at = readings.findIndex((r) => r.datastream_id === datastream_id);
    const before = readings[at]?.state;
    if (at < 0) readings.push(latest);
    else readings[at] = latest;
    if (event.geometry) thing.geometry = event.geometry;
    paint(thing);
    listeners.onChange(thing);
    if (isAlarm(state) && before !== state) listeners.onAlarm(thing, latest);
  };
  return {
    things,
    refresh,
    observe,
    show: (shown) => ((source.show = shown), stage.render()),
    thresholds: (datastream) => stated.get(datastream) ?? [],
    colourOf,
  };
}
