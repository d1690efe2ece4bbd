/** The cards of a sensor and of a vehicle: last readings, and a chart of the last observations. */

import { lastObservations } from "../api";
import { chart } from "../chart";
import { stateColour } from "../colours";
import { el } from "../dom";
import { clockTime, number, t, word } from "../i18n";
import { facts, head, openCard, redraw, syntheticBadge } from "../panel";
import type { Sensors } from "../sensors";
import { failed } from "../toast";
import { lonLat, type Reading, type Thing } from "../types";

type History = Map<number, { time: number; value: number }[]>;
const KEPT = 120;

export function keyOf(thing: Thing): string {
  return `thing-${thing.id}`;
}

function readingRow(reading: Reading, sensors: Sensors): HTMLElement {
  const value = reading.value === null ? "–" : number(reading.value);
  return el(
    "li",
    { class: "reading", style: `--edge: ${sensors.colourOf(reading)}` },
    el("span", { class: "reading-name" }, word("property", reading.property)),
    el("span", { class: "reading-value" }, value, el("small", {}, ` ${reading.unit}`)),
    el("span", { class: "reading-state" }, word("state", reading.state), reading.time ? ` · ${clockTime(reading.time, true)}` : ""),
  );
}

function historyOf(reading: Reading, history: History, sensors: Sensors): HTMLElement {
  const points = history.get(reading.datastream_id);
  if (!points) return el("p", { class: "quiet" }, t("loading"));
  if (points.length < 2) return el("p", { class: "quiet" }, t("sensor.empty"));
  const name = word("property", reading.property);
  const values = points.map((p) => p.value);
  const label = t("sensor.chart", { name, n: points.length, min: number(Math.min(...values)), max: number(Math.max(...values)), unit: reading.unit });
  const stated = sensors.thresholds(reading.datastream_id);
  const thresholds = stated.map((th, rank) => ({ value: th.value, label: `${word("state", th.name)} ${number(th.value)}`, colour: stateColour(th.name, rank, stated.length) }));
  const drawn = chart({ points, unit: reading.unit, colour: sensors.colourOf(reading), label, thresholds });
  return el("figure", {}, el("figcaption", {}, `${name} / ${reading.unit}`), drawn as unknown as HTMLElement);
}

function draw(thing: Thing, history: History, sensors: Sensors): HTMLElement[] {
  const { properties } = thing;
  const at = lonLat(thing);
  const isVehicle = properties.kind === "vehicle";
  return [
    head(t(isVehicle ? "card.vehicle" : "card.sensor"), properties.kind, properties.name, syntheticBadge(properties.is_synthetic)),
    el("h3", {}, t("sensor.readings")),
    el("ul", { class: "readings" }, ...properties.readings.map((r) => readingRow(r, sensors))),
    el("h3", {}, t("sensor.history")),
    ...properties.readings.map((r) => historyOf(r, history, sensors)),
    facts([
      [t("field.kind"), word("kind", properties.kind)],
      [t("field.code"), properties.code],
      [t("field.building"), properties.building_id === null ? undefined : String(properties.building_id)],
      [t("field.position"), at ? `${at[0].toFixed(5)}, ${at[1].toFixed(5)}` : undefined],
    ]),
  ];
}

/** Opens the card; returns what a live reading of the same thing must call. */
export function showThing(thing: Thing, sensors: Sensors): (changed: Thing) => void {
  const history: History = new Map();
  const key = keyOf(thing);
  openCard({ key, draw: () => draw(sensors.things.get(Number(thing.id)) ?? thing, history, sensors) });
  for (const reading of thing.properties.readings) {
    lastObservations(reading.datastream_id)
      .then((points) => history.set(reading.datastream_id, points))
      .catch((error: unknown) => (history.set(reading.datastream_id, []), failed(error)))
      .finally(() => redraw(key));
  }
  return (changed) => {
    for (const reading of changed.properties.readings) {
      const points = history.get(reading.datastream_id);
      const time = reading.time ? Date.parse(reading.time) : NaN;
      if (!points || reading.value === null || !(time > (points.at(-1)?.time ?? 0))) continue;
      points.push({ time, value: reading.value });
      if (points.length > KEPT) points.shift();
    }
    redraw(key);
  };
}
