/** Where the eye is: the named views, flights, north and zoom. */

import { BoundingSphere, Cartesian2, Cartesian3, Cartographic, type Entity, HeadingPitchRange, Math as Maths, Matrix4, Rectangle } from "@cesium/engine";
import { groundUnder, type Stage } from "./scene";
import type { Health } from "./types";

export type ViewName = "city" | "oldtown";

/** Degrees and metres. `lift`: how far the eye looks above the target, so that the hills come into the picture. */
const OLD_TOWN = { heading: 318, pitch: -17.5, range: 1950, lift: 5 };
const CITY = { heading: 330, pitch: -34, spread: 1.1, lift: 0 };

function duration(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 1.6;
}

function offset(view: { heading: number; pitch: number }, range: number): HeadingPitchRange {
  return new HeadingPitchRange(Maths.toRadians(view.heading), Maths.toRadians(view.pitch), range);
}

/** Target and offset of a named view; the range grows where the window is narrow. */
function viewOf(stage: Stage, city: Health["city"], name: ViewName): { target: Cartesian3; at: HeadingPitchRange; lift: number } {
  const { canvas } = stage.viewer;
  const narrow = Math.max(1, 1.35 / (canvas.clientWidth / Math.max(1, canvas.clientHeight)));
  if (name === "oldtown") {
    const [lon, lat] = city.old_town;
    return { target: Cartesian3.fromDegrees(lon, lat, stage.ground), at: offset(OLD_TOWN, OLD_TOWN.range * narrow), lift: OLD_TOWN.lift };
  }
  const [west, south, east, north] = city.bbox;
  const box = Rectangle.fromDegrees(west, south, east, north);
  const sphere = BoundingSphere.fromRectangle3D(box, undefined, stage.ground);
  return { target: Cartesian3.fromRadians(...middle(box), stage.ground), at: offset(CITY, sphere.radius * 2 * CITY.spread * narrow), lift: CITY.lift };
}

function middle(box: Rectangle): [number, number] {
  const centre = Rectangle.center(box);
  return [centre.longitude, centre.latitude];
}

/** Jumps to a named view. */
export function setView(stage: Stage, city: Health["city"], name: ViewName): void {
  const { camera } = stage.viewer;
  const { target, at, lift } = viewOf(stage, city, name);
  camera.lookAt(target, at);
  camera.lookAtTransform(Matrix4.IDENTITY);
  camera.lookUp(Maths.toRadians(lift));
  stage.render();
}

/** Flies to a named view. */
export function flyToView(stage: Stage, city: Health["city"], name: ViewName): void {
  const { camera } = stage.viewer;
  const { position, direction, up } = camera;
  const from = { destination: position.clone(), orientation: { direction: direction.clone(), up: up.clone() } };
  setView(stage, city, name);
  const to = { destination: camera.position.clone(), orientation: { direction: camera.direction.clone(), up: camera.up.clone() } };
  camera.setView(from);
  camera.flyTo({ ...to, duration: duration() });
  stage.render();
}

/** Flies to a place so that it stands in the middle, `range` metres away. */
export function flyToPlace(stage: Stage, [lon, lat]: [number, number], range = 700): void {
  const { camera, scene } = stage.viewer;
  const known = stage.hasGround ? scene.globe.getHeight(Cartographic.fromDegrees(lon, lat)) : undefined;
  const target = Cartesian3.fromDegrees(lon, lat, known ?? stage.ground);
  camera.flyToBoundingSphere(new BoundingSphere(target, 0), {
    offset: new HeadingPitchRange(camera.heading, Maths.toRadians(-32), range),
    duration: duration(),
  });
  stage.render();
}

/** Flies nearer to things that lie too close together to be told apart. */
export function approach(stage: Stage, things: Entity[]): void {
  const { camera, clock } = stage.viewer;
  const places = things.map((thing) => thing.position?.getValue(clock.currentTime)).filter((at) => at !== undefined);
  if (!places.length) return;
  const { center, radius } = BoundingSphere.fromPoints(places);
  const { longitude, latitude } = Cartographic.fromCartesian(center);
  const now = Cartesian3.distance(camera.positionWC, center);
  flyToPlace(stage, [Maths.toDegrees(longitude), Maths.toDegrees(latitude)], Math.max(120, Math.min(radius * 2.2, now * 0.55)));
}

/** Turns the view north about what is in the middle of the window. */
export function faceNorth(stage: Stage): void {
  const { camera, canvas } = stage.viewer;
  const middleOfWindow = groundUnder(stage, new Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2));
  if (!middleOfWindow) return camera.setView({ orientation: { heading: 0, pitch: camera.pitch, roll: 0 } });
  const target = Cartesian3.fromRadians(middleOfWindow.longitude, middleOfWindow.latitude, middleOfWindow.height);
  const range = Cartesian3.distance(camera.positionWC, target);
  camera.flyToBoundingSphere(new BoundingSphere(target, 0), { offset: new HeadingPitchRange(0, camera.pitch, range), duration: duration() / 2 });
  stage.render();
}

/** Moves towards (1) or away from (-1) what is in the middle of the window. */
export function zoom(stage: Stage, direction: 1 | -1): void {
  const { camera } = stage.viewer;
  const height = Math.max(40, camera.positionCartographic.height - stage.ground);
  if (direction > 0) camera.zoomIn(height * 0.4);
  else camera.zoomOut(height * 0.6);
  stage.render();
}

/** Arrow keys slide the view, plus and minus zoom. */
export function steerByKeys(stage: Stage, on: HTMLElement): void {
  on.addEventListener("keydown", (event) => {
    const { camera } = stage.viewer;
    const step = Math.max(20, camera.positionCartographic.height - stage.ground) * 0.12;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => camera.moveLeft(step),
      ArrowRight: () => camera.moveRight(step),
      ArrowUp: () => slide(stage, step),
      ArrowDown: () => slide(stage, -step),
      "+": () => zoom(stage, 1),
      "=": () => zoom(stage, 1),
      "-": () => zoom(stage, -1),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
    stage.render();
  });
}

/** Forward over the ground, whatever the pitch. */
function slide(stage: Stage, metres: number): void {
  const { camera } = stage.viewer;
  const up = Cartesian3.normalize(camera.positionWC, new Cartesian3());
  const side = Cartesian3.cross(camera.directionWC, up, new Cartesian3());
  const ahead = Cartesian3.normalize(Cartesian3.cross(up, side, new Cartesian3()), new Cartesian3());
  camera.move(ahead, metres);
}
