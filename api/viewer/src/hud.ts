/** The instruments: clock, key figures, live light, pointer's position, scale bar, loading. */

import { Cartesian2, EllipsoidGeodesic, Math as Maths, ScreenSpaceEventHandler, ScreenSpaceEventType } from "@cesium/engine";
import { byId } from "./dom";
import { byClock, eachLanguage, number, t } from "./i18n";
import type { Buildings } from "./layers/buildings";
import type { LiveStatus } from "./live";
import { groundUnder, type Stage } from "./scene";

const [POINTER_MS, SCALE_MS] = [120, 400];

export function runClock(): void {
  const clock = byId("clock");
  const show = (): void => {
    const now = new Date();
    const time = byClock(now, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const day = byClock(now, { month: "short", day: "numeric", weekday: "short" });
    const big = document.createElement("b");
    big.textContent = time;
    clock.replaceChildren(big, day);
  };
  setInterval(show, 1000);
  eachLanguage(show);
}

export type Kpi = "buildings" | "sensors" | "alarms" | "incidents";
const figures = new Map<Kpi, number>();

function drawKpi(name: Kpi): void {
  const value = figures.get(name);
  const cell = byId(`kpi-${name}`);
  cell.textContent = value === undefined ? "–" : number(value, 0);
  cell.parentElement?.classList.toggle("zero", !value);
}

/** The notice stands only while anything shown is made up: a real city must not be called a sample. */
export function tellSynthetic(synthetic: boolean): void {
  byId("synthetic").style.display = synthetic ? "" : "none";
}

export function setKpi(name: Kpi, value: number | undefined): void {
  if (value === undefined) figures.delete(name);
  else figures.set(name, value);
  drawKpi(name);
}

let status: LiveStatus = "connecting";

export function setLive(next: LiveStatus): void {
  status = next;
  const light = byId("live");
  light.dataset.status = status;
  const label = light.querySelector("span");
  if (label) label.textContent = t(`live.${status}`);
}

export function watchLanguage(): void {
  eachLanguage(() => {
    for (const name of ["buildings", "sensors", "alarms", "incidents"] as const) drawKpi(name);
    setLive(status);
  });
}

/** Longitude, latitude and height under the pointer, at most every POINTER_MS. */
export function watchPointer(stage: Stage): void {
  const where = byId("where");
  let due = 0;
  new ScreenSpaceEventHandler(stage.viewer.canvas).setInputAction((move: ScreenSpaceEventHandler.MotionEvent) => {
    const now = performance.now();
    if (now < due) return;
    due = now + POINTER_MS;
    const at = groundUnder(stage, move.endPosition);
    where.textContent = at ? `${Maths.toDegrees(at.longitude).toFixed(5)}°E  ${Maths.toDegrees(at.latitude).toFixed(5)}°N  ${at.height.toFixed(0)} m` : "";
  }, ScreenSpaceEventType.MOUSE_MOVE);
}

const STEPS = [1, 2, 5].flatMap((m) => [1, 10, 100, 1000, 10_000].map((p) => m * p)).sort((a, b) => a - b);
const WIDEST_PX = 110;

/** Metres on the ground that one pixel spans in the middle of the window. */
function metresPerPixel(stage: Stage): number | undefined {
  const { canvas } = stage.viewer;
  const [x, y] = [canvas.clientWidth / 2, canvas.clientHeight * 0.6];
  const left = groundUnder(stage, new Cartesian2(x - 20, y));
  const right = groundUnder(stage, new Cartesian2(x + 20, y));
  return left && right ? new EllipsoidGeodesic(left, right).surfaceDistance / 40 : undefined;
}

export function watchScale(stage: Stage): void {
  const scale = byId("scale");
  const [bar, label] = [scale.querySelector("i"), scale.querySelector("b")];
  const draw = (): void => {
    const metres = metresPerPixel(stage);
    scale.hidden = metres === undefined || !bar || !label;
    if (!metres || !bar || !label) return;
    const step = STEPS.filter((s) => s / metres <= WIDEST_PX).at(-1) ?? 1;
    bar.style.width = `${step / metres}px`;
    label.textContent = step >= 1000 ? `${step / 1000} km` : `${step} m`;
  };
  let due = 0;
  stage.viewer.scene.postRender.addEventListener(() => {
    const now = performance.now();
    if (now < due) return;
    due = now + SCALE_MS;
    draw();
  });
}

/** A thin line at the top while tiles are on their way. */
export function watchLoading(stage: Stage, buildings: Buildings | undefined): void {
  const line = byId("progress");
  let [terrain, tiles] = [0, 0];
  const show = (): void => {
    const left = terrain + tiles;
    line.hidden = left === 0;
    line.setAttribute("aria-label", t("loading.tiles", { n: left }));
  };
  if (stage.hasGlobe) stage.viewer.scene.globe.tileLoadProgressEvent.addEventListener((n: number) => ((terrain = n), show()));
  buildings?.eachProgress((left) => ((tiles = left), show()));
}
