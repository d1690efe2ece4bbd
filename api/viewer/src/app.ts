/** The application: every layer of one stage, opened together and tied to each other. */

import type { Cesium3DTileFeature } from "@cesium/engine";
import { approach, flyToPlace } from "./camera";
import { showBlock } from "./cards/block";
import { showBuilding } from "./cards/building";
import { showFixture } from "./cards/fixture";
import { showFeatureOf } from "./cards/theme";
import { incidentKey, showIncident } from "./cards/incident";
import { keyOf, showThing } from "./cards/sensor";
import { SEVERITY_COLOURS } from "./colours";
import type { Switch } from "./controls";
import * as hud from "./hud";
import { t, word } from "./i18n";
import { openReporting } from "./incident_form";
import { openIncidentList } from "./incident_list";
import { type Incidents, isOpen, openIncidents } from "./incidents";
import { attributesOf, blockOf, type Buildings, isBlock, lowestOver, openBuildings } from "./layers/buildings";
import { GREENS, type Greens, isFixture, openGreens } from "./layers/greens";
import { type Imagery, openImagery } from "./layers/imagery";
import { TILESET } from "./layers/changeover";
import { openLandmarks } from "./layers/landmarks";
import { openThemes, type Theme } from "./layers/themes";
import { vectorSwitch } from "./layers/vectors";
import { openVehicles, type Vehicles } from "./layers/vehicles";
import { openLive } from "./live";
import { closePanel, openKey, redraw } from "./panel";
import { eachClick, middleOf, pickAt, placeAt } from "./picking";
import type { Stage } from "./scene";
import { isInAlarm, leading, openSensors, type Sensors } from "./sensors";
import { failed, toast } from "./toast";
import type { Thing } from "./types";

export interface App {
  stage: Stage;
  buildings: Buildings | undefined;
  greens: Greens | undefined;
  imagery: Imagery;
  landmarks: (shown: boolean) => void;
  sensors: Sensors;
  vehicles: Vehicles;
  incidents: Incidents;
  themes: Theme[];
}

/** What failed to open is told once and left out; the rest works. */
async function optional<T>(opening: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    failed(error);
    return otherwise;
  }
}

function tellAlarms(app: App): void {
  const things = [...app.sensors.things.values()].filter((thing) => thing.properties.kind !== "vehicle");
  const inAlarm = things.filter(isInAlarm);
  hud.setKpi("sensors", things.length);
  hud.setKpi("alarms", inAlarm.length);
  const colours = new Map<string, string>();
  for (const thing of inAlarm) {
    const first = leading(thing);
    if (thing.properties.building_id !== null && first) colours.set(String(thing.properties.building_id), app.sensors.colourOf(first));
  }
  app.buildings?.alarm(colours);
}

/** Opens every layer. `oldTown`: lon/lat of the place whose ground is the stage's. `counts`: how many features each layer has. */
export async function openApp(stage: Stage, oldTown: [number, number], counts: Record<string, number>): Promise<App> {
  let onThing: ((thing: Thing) => void) | undefined;
  let due = 0;
  const buildings = await optional<Buildings | undefined>(openBuildings(stage), undefined);
  if (!stage.hasTerrain && buildings) stage.ground = lowestOver(buildings.tileset, oldTown);
  const vehicles = await openVehicles(stage);
  const sensors = await openSensors(stage, {
    onVehicle: vehicles.move,
    onChange: (thing) => {
      if (openKey() === keyOf(thing)) onThing?.(thing);
      due ||= window.setTimeout(() => ((due = 0), tellAlarms(app)), 200);
    },
    onAlarm: (thing, reading) =>
      toast({ title: word("state", reading.state), text: thing.properties.name, colour: sensors.colourOf(reading), icon: thing.properties.kind, act: { label: t("incident.fly"), run: () => app.showThing(thing) } }),
  });
  const [greens, imagery, landmarks, incidents, themes] = await Promise.all([
    optional<Greens | undefined>(openGreens(stage), undefined),
    optional<Imagery>(openImagery(stage), { names: [], show: () => undefined }),
    optional(openLandmarks(stage), () => undefined),
    openIncidents(stage),
    optional<Theme[]>(openThemes(stage, counts), []),
  ]);
  const app = {
    ...{ stage, buildings, greens, imagery, landmarks, sensors, vehicles, incidents, themes },
    showThing: (thing: Thing) => {
      onThing = showThing(thing, sensors);
    },
  };
  tieIncidents(app);
  tieClicks(app, app.showThing);
  await Promise.all([optional(sensors.refresh(), undefined), optional(incidents.refresh(), undefined)]);
  tieLive(app);
  return app;
}

function openIncident(app: App, id: number): void {
  showIncident(id, app.incidents, (at) => flyToPlace(app.stage, at, 620));
}

function tieIncidents(app: App): void {
  const { incidents } = app;
  openIncidentList(incidents, (id) => openIncident(app, id));
  incidents.eachChange((incident) => {
    hud.setKpi("incidents", [...incidents.known.values()].filter(isOpen).length);
    if (incident) redraw(incidentKey(incident.id));
  });
}

function tieClicks(app: App, openThing: (thing: Thing) => void): void {
  const { stage, incidents, sensors } = app;
  const reporting = openReporting(incidents, () => middleOf(stage), (made) => openIncident(app, Number(made.id)));
  eachClick(stage, (at) => {
    if (reporting.isPicking()) {
      const place = placeAt(stage, at);
      if (place) reporting.place(place);
      return;
    }
    const picked = pickAt(stage, at);
    if (picked.what === "nothing") return closePanel();
    if (picked.what === "incident") return openIncident(app, picked.id);
    if (picked.what === "theme") return showThemed(app, picked.layer, picked.id);
    if (picked.what === "cluster") return approach(stage, picked.inside);
    if (picked.what === "feature") return showFeature(app, picked.feature);
    const thing = sensors.things.get(picked.id);
    if (thing) openThing(thing);
  });
}

function showThemed(app: App, layer: string, id: number): void {
  const theme = app.themes.find((one) => one.info.id === layer);
  const feature = theme?.find(id);
  if (theme && feature) showFeatureOf(theme, feature);
}

/** A tree, a building or, from afar, a block of them. */
function showFeature({ buildings, greens, themes }: App, feature: Cesium3DTileFeature): void {
  if (isFixture(feature)) greens && void showFixture(feature, greens, themes);
  else if (!buildings) return;
  else if (isBlock(feature)) showBlock(blockOf(feature), buildings);
  else showBuilding(attributesOf(feature), buildings);
}

function tieLive(app: App): void {
  const mine = new Set<number>(); // reported on this page: its own answer has said so already
  app.incidents.eachChange((incident) => incident && mine.add(Number(incident.id)));
  const refresh = (): void => {
    app.incidents.refresh().catch(failed);
    app.sensors.refresh().catch(failed);
    app.buildings?.reload().catch(failed);
    app.greens?.reload().catch(failed);
  };
  app.buildings?.eachEdition(() => toast({ title: t("notice.model"), icon: "city", lasts: 4000 }));
  openLive({
    onStatus: hud.setLive,
    onReturn: refresh,
    onObservation: app.sensors.observe,
    onIncident: (incident) => {
      const isNew = !app.incidents.known.has(Number(incident.id)) && !mine.has(Number(incident.id));
      app.incidents.take(incident);
      if (!isNew) return;
      const { kind, title, severity } = incident.properties;
      const act = { label: t("incident.fly"), run: () => openIncident(app, Number(incident.id)) };
      toast({ title: `${t("incident.new")} · ${word("inc", kind)}`, text: title, colour: SEVERITY_COLOURS[severity] ?? "", icon: kind, act, lasts: 12_000 });
    },
    onTile: ({ tileset, root }) => {
      if (tileset === TILESET) app.buildings?.reload(root).catch(failed);
      if (tileset === GREENS) app.greens?.reload().catch(failed);
    },
  });
}

/** The layer switches of the left dock; what is on from the start is shown here.
 * Draped faces and lines cost a software renderer too much; division lines say something from afar only. */
export function layerSwitches(app: App, fromAfar: boolean): Switch[] {
  const { stage, buildings, greens, imagery, sensors, vehicles, incidents, landmarks } = app;
  const draped = (["divisions", "roads", "water"] as const).map((name) => ({ name, on: name === "divisions" ? fromAfar : name === "water" && !stage.isSoftware, set: vectorSwitch(stage, name) }));
  const switches: Switch[] = [
    ...(buildings ? [{ name: "buildings", on: true, set: buildings.show }] : []),
    ...(greens ? [{ name: GREENS, on: true, set: greens.show }] : []),
    ...imagery.names.map((name) => ({ name, on: name === (imagery.names.includes("orthophoto") ? "orthophoto" : "hillshade"), set: (shown: boolean) => imagery.show(name, shown) })),
    ...(stage.hasGlobe ? draped : []),
    { name: "landmarks", on: true, set: landmarks },
    { name: "sensors", on: true, set: sensors.show },
    { name: "vehicles", on: true, set: vehicles.show },
    { name: "incidents", on: true, set: incidents.show },
  ];
  for (const layer of switches) void Promise.resolve(layer.set(layer.on)).catch(failed);
  return switches;
}
