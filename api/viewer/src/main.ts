/** The start: asks the server which city it serves, opens the stage, and hands it to the page. */

import type { Cesium3DTileset, CesiumWidget } from "@cesium/engine";
import { get } from "./api";
import { type App, layerSwitches, openApp } from "./app";
import { faceNorth, flyToView, setView, steerByKeys, type ViewName, zoom } from "./camera";
import { openColouring, openDocks, openSun, openSwitches, openViews } from "./controls";
import { byId } from "./dom";
import * as hud from "./hud";
import { applyToPage, currentLanguage, nameCity, setLanguage, t } from "./i18n";
import { watchPanel } from "./panel";
import { showPlace } from "./place";
import { openStage, type Stage } from "./scene";
import { openSearch } from "./search";
import { toast } from "./toast";
import { openTree } from "./tree";
import type { Health } from "./types";
import "./styles/tokens.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/dock.css";
import "./styles/toast.css";
import "./styles/tree.css";
import "./styles/cards.css";
import "./styles/incidents.css";
import "./styles/narrow.css";

/** What tests and the console may hold on to. */
interface Handle {
  viewer: CesiumWidget | undefined;
  readonly tileset: Cesium3DTileset | undefined;
  app: App | undefined;
  /** Resolves when every layer is open and the first view is set. */
  ready: Promise<void>;
  /** Whether the present view is complete: tiles of the city and of the globe. */
  readonly tilesLoaded: boolean;
}

declare global {
  interface Window {
    cim: Handle;
  }
}

const RETRY_MS = 3000;

/** Asks /health until it answers; tells once that it does not. */
async function health(): Promise<Health> {
  for (let told = false; ; told = true) {
    try {
      return await get<Health>("/health");
    } catch {
      if (!told) toast({ title: t("notice.health"), colour: "var(--red)", icon: "alarm" });
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

/** ?view=city or oldtown (the default). */
function firstView(): ViewName {
  return new URLSearchParams(location.search).get("view") === "city" ? "city" : "oldtown";
}

function notices(stage: Stage, app: App): void {
  if (stage.isSoftware) document.documentElement.classList.add("software");
  if (!stage.hasTerrain) toast({ title: t("notice.terrain"), icon: "layers", colour: "var(--yellow)" });
  if (stage.hasGlobe && !app.imagery.names.length) toast({ title: t("notice.imagery"), icon: "layers", colour: "var(--yellow)" });
}

function wirePage(stage: Stage, app: App, city: Health["city"]): void {
  openSwitches(layerSwitches(app, firstView() === "city"));
  openTree(app.themes);
  openColouring(app.buildings);
  openSun(stage);
  openSearch((place) => showPlace(stage, place));
  openViews([
    { name: "city", icon: "city", run: () => flyToView(stage, city, "city") },
    { name: "oldtown", icon: "gate", run: () => flyToView(stage, city, "oldtown") },
    { name: "north", run: () => faceNorth(stage) },
    { name: "in", icon: "plus", run: () => zoom(stage, 1) },
    { name: "out", icon: "minus", run: () => zoom(stage, -1) },
  ]);
  steerByKeys(stage, byId("scene"));
  hud.watchPointer(stage);
  hud.watchScale(stage);
  hud.watchLoading(stage, app.buildings);
}

async function start(handle: Handle): Promise<void> {
  const asked = new URLSearchParams(location.search);
  applyToPage();
  byId("language").addEventListener("click", () => setLanguage(currentLanguage() === "zh" ? "en" : "zh"));
  openDocks();
  hud.runClock();
  hud.watchLanguage();
  watchPanel();
  const { city, counts, synthetic } = await health();
  nameCity(city.name, city.name_en, city.time_zone);
  hud.setKpi("buildings", counts.buildings);
  hud.setKpi("sensors", counts.sensors);
  hud.setKpi("alarms", 0);
  hud.tellSynthetic(synthetic);
  const stage = await openStage(byId("scene"), city.old_town, asked.get("globe") !== "0");
  handle.viewer = stage.viewer;
  setView(stage, city, firstView());
  const app = await openApp(stage, city.old_town, counts);
  if (!stage.hasTerrain) setView(stage, city, firstView());
  handle.app = app;
  notices(stage, app);
  wirePage(stage, app, city);
}

function refuse(error: unknown): void {
  console.error(error);
  const webgl = /webgl/i.test(String(error));
  toast({ title: webgl ? t("notice.webgl") : String(error), colour: "var(--red)", icon: "alarm", lasts: 0 });
}

const handle: Handle = {
  viewer: undefined,
  app: undefined,
  ready: Promise.resolve(),
  get tileset() {
    return handle.app?.buildings?.tileset;
  },
  get tilesLoaded() {
    const { app, viewer } = handle;
    return (app?.buildings?.isComplete ?? false) && (viewer?.scene.globe?.tilesLoaded ?? true) && (app?.greens?.isComplete ?? true);
  },
};
window.cim = handle;
handle.ready = start(handle);
handle.ready.catch(refuse);
