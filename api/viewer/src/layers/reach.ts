/** What a point covers, as a ring on the map: the cone of a camera, the disc of a base station (see cim/reach.py). */

import { Cartesian3, Matrix4, Transforms } from "@cesium/engine";

const ARC_DEG = 3;

/** A reach by a feature's columns; undefined where it does not say enough. Degrees clockwise from north, metres. */
export function reachOf(kind: "cone" | "disc" | null, properties: Record<string, unknown>): { azimuth: number; fov: number; radius: number } | undefined {
  const said = (name: string): number => (typeof properties[name] === "number" ? properties[name] : NaN);
  const reach = kind === "cone" ? { azimuth: said("azimuth_deg"), fov: said("fov_deg"), radius: said("range_m") } : { azimuth: 0, fov: 360, radius: said("radius_m") };
  return kind !== null && Object.values(reach).every(Number.isFinite) ? reach : undefined;
}

/** The ring about a place, level with it; a cone's begins and ends at its apex. */
export function ringOf(at: Cartesian3, { azimuth, fov, radius }: { azimuth: number; fov: number; radius: number }): Cartesian3[] {
  const frame = Transforms.eastNorthUpToFixedFrame(at);
  const whole = fov >= 360;
  const steps = Math.max(1, Math.ceil(Math.min(fov, 360) / ARC_DEG));
  const arc = Array.from({ length: steps + 1 }, (_, k) => {
    const bearing = ((azimuth - fov / 2 + (fov * k) / steps) * Math.PI) / 180;
    return Matrix4.multiplyByPoint(frame, new Cartesian3(Math.sin(bearing) * radius, Math.cos(bearing) * radius, 0), new Cartesian3());
  });
  return whole ? arc : [at, ...arc, at];
}
