/** The stage: the engine's widget, its terrain and sky, the height of the ground, and when to draw. */

import {
  Cartesian2,
  Cartesian3,
  Cartographic,
  CesiumTerrainProvider,
  CesiumWidget,
  Color,
  Ellipsoid,
  EllipsoidTerrainProvider,
  Globe,
  HeightReference,
  ImageryLayer,
  IntersectionTests,
  Math as Maths,
  JulianDate,
  PerspectiveFrustum,
  SunLight,
  type TerrainProvider,
  sampleTerrain,
} from "@cesium/engine";
import { exists } from "./api";
import { hoursAhead } from "./i18n";

export interface Stage {
  viewer: CesiumWidget;
  /** Ellipsoidal height of the ground at the old town, metres. */
  ground: number;
  hasTerrain: boolean;
  hasGlobe: boolean;
  /** A ground is drawn that symbols can stand on: a globe with terrain. A bare ellipsoid lies far below the city. */
  hasGround: boolean;
  /** Drawn by the processor: spare it. */
  isSoftware: boolean;
  /** Asks for one more frame. */
  render: () => void;
}

const SKY = Color.fromCssColorString("#0b131d");
/** What lies flat in it and in the light from all sides is a little brighter than the photograph has it, as the ground is (layers/imagery). */
const SUN = 3.2;
/** A person's eye over the street, metres. */
const EYE_M = 1.6;
const EARTH = Color.fromCssColorString("#27323a");

async function openTerrain(): Promise<TerrainProvider | undefined> {
  try {
    if (!(await exists("/terrain/layer.json"))) return undefined;
    return await CesiumTerrainProvider.fromUrl("/terrain", { requestVertexNormals: true });
  } catch (error) {
    console.warn("terrain:", error);
    return undefined;
  }
}

/** Height of the served terrain at a place, from a level coarse enough to arrive at once. */
async function groundAt(terrain: TerrainProvider, [lon, lat]: [number, number]): Promise<number> {
  const here = Cartographic.fromDegrees(lon, lat);
  for (const level of [12, 10, 8]) {
    const tile = terrain.tilingScheme.positionToTileXY(here, level);
    if (terrain.getTileDataAvailable(tile.x, tile.y, level) === false) continue;
    try {
      const [found] = await sampleTerrain(terrain, level, [here]);
      if (found && Number.isFinite(found.height)) return found.height;
    } catch {
      // a missing tile: ask a coarser level
    }
  }
  return 0;
}

/**
 * Asks a throw-away context who draws; `?software=0` says that it may take its time (pictures for print). Throws where there is
 * no WebGL 2: the engine would take WebGL 1, in which its own shaders no longer compile.
 */
function usesSoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) throw new Error("WebGL 2 is not to be had");
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = names ? String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL)) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  const asked = new URLSearchParams(location.search).get("software");
  if (asked !== null) return asked !== "0";
  return /swiftshader|llvmpipe|software/i.test(renderer);
}

/** The sun of an April day at an hour of the city's clock; of a morning it is high enough to lie on roofs, low enough to model walls. */
export function setHour(viewer: CesiumWidget, hour: number): void {
  const day = Date.UTC(2026, 3, 20);
  const utc = new Date(day + (hour - hoursAhead(new Date(day))) * 3_600_000);
  viewer.clock.currentTime = JulianDate.fromDate(utc);
}

function dressSky(viewer: CesiumWidget): void {
  const { scene } = viewer;
  scene.backgroundColor = SKY;
  scene.fog.density = 0.0004;
  scene.fog.minimumBrightness = 0.06;
  if (scene.skyAtmosphere) {
    scene.skyAtmosphere.brightnessShift = -0.22;
    scene.skyAtmosphere.saturationShift = -0.12;
    scene.skyAtmosphere.hueShift = -0.02;
  }
  scene.light = new SunLight({ color: Color.fromCssColorString("#fff4e2"), intensity: SUN });
  if (scene.sun) scene.sun.show = false;
  if (scene.moon) scene.moon.show = false;
}

function dressGlobe(globe: Globe, hasTerrain: boolean): void {
  globe.baseColor = EARTH;
  globe.depthTestAgainstTerrain = true;
  globe.showGroundAtmosphere = true;
  globe.enableLighting = false;
  globe.atmosphereBrightnessShift = -0.02;
  globe.maximumScreenSpaceError = 2.4;
  globe.preloadSiblings = false;
  if (!hasTerrain) globe.showSkirts = false;
}

/** The engine gives tile loading 5 ms of a frame: right at 60 frames a second, days at one. It has no public name. */
function loadInLongerSlices(globe: Globe): void {
  const surface = (globe as unknown as { _surface?: { _loadQueueTimeSlice?: number } })._surface;
  if (surface && typeof surface._loadQueueTimeSlice === "number") surface._loadQueueTimeSlice = 150;
  globe.maximumScreenSpaceError = 3.5;
}

/** Builds the stage; `oldTown` is the lon/lat the first view looks at. */
export async function openStage(container: HTMLElement, oldTown: [number, number], hasGlobe: boolean): Promise<Stage> {
  const terrain = await openTerrain();
  const isSoftware = usesSoftware();
  const creditContainer = document.createElement("div"); // the engine is named in the page's footer instead
  const viewer = new CesiumWidget(container, {
    baseLayer: false as unknown as ImageryLayer,
    globe: hasGlobe ? new Globe(Ellipsoid.WGS84) : false,
    skyBox: false,
    ...(hasGlobe ? {} : { skyAtmosphere: false as const }),
    terrainProvider: hasGlobe && terrain ? terrain : new EllipsoidTerrainProvider(),
    scene3DOnly: true,
    requestRenderMode: true,
    maximumRenderTimeChange: Infinity,
    shadows: false,
    orderIndependentTranslucency: !isSoftware,
    creditContainer,
    creditViewport: creditContainer,
    contextOptions: { webgl: { alpha: false, powerPreference: "high-performance" } },
  });
  viewer.scene.msaaSamples = isSoftware ? 1 : 4;
  viewer.clock.shouldAnimate = false;
  setHour(viewer, 10.5);
  if (viewer.camera.frustum instanceof PerspectiveFrustum) viewer.camera.frustum.fov = Maths.toRadians(66);
  dressSky(viewer);
  if (hasGlobe) dressGlobe(viewer.scene.globe, terrain !== undefined);
  if (hasGlobe && isSoftware) loadInLongerSlices(viewer.scene.globe);
  viewer.scene.screenSpaceCameraController.minimumZoomDistance = EYE_M; // also how near the ground the eye may come
  viewer.scene.screenSpaceCameraController.maximumZoomDistance = 900_000;
  const ground = terrain ? await groundAt(terrain, oldTown) : 0;
  const hasTerrain = terrain !== undefined;
  return { viewer, ground, hasTerrain, hasGlobe, hasGround: hasGlobe && hasTerrain, isSoftware, render: () => viewer.scene.requestRender() };
}

/** How map symbols find the ground: the terrain clamps them, without it they get the old town's height. */
export function clamping(stage: Stage): HeightReference {
  return stage.hasGround ? HeightReference.CLAMP_TO_TERRAIN : HeightReference.NONE;
}

/** A symbol's position; `above` metres over the ground (only where it is not clamped). */
export function onGround(stage: Stage, [lon, lat]: [number, number], above = 0): Cartesian3 {
  return Cartesian3.fromDegrees(lon, lat, stage.hasGround ? above : stage.ground + above);
}

/** The ground under a point of the window, or undefined where it looks at the sky. */
export function groundUnder(stage: Stage, window: Cartesian2): Cartographic | undefined {
  const { scene, camera } = stage.viewer;
  const ray = camera.getPickRay(window);
  if (!ray) return undefined;
  if (stage.hasGround) {
    const hit = scene.globe.pick(ray, scene);
    return hit ? Cartographic.fromCartesian(hit) : undefined;
  }
  const { x, y, z } = Ellipsoid.WGS84.radii;
  const raised = new Ellipsoid(x + stage.ground, y + stage.ground, z + stage.ground);
  const hit = IntersectionTests.rayEllipsoid(ray, raised);
  if (!hit || hit.start < 0) return undefined;
  const at = Cartesian3.add(ray.origin, Cartesian3.multiplyByScalar(ray.direction, hit.start, new Cartesian3()), new Cartesian3());
  return Cartographic.fromCartesian(at);
}
