/** How leaves are drawn near by: flecked with light, ragged at the edge of a crown, dark within. Nothing is changed where a pixel shows a tenth of a metre: ninety metres off in a window 1,280 wide. */

import { CustomShader } from "@cesium/engine";

/**
 * Leaves are told by the alpha of their vertex colours (tilesets/gltf/instances.py, LEAF); all else stays as it is. The flecks
 * are noise in metres of the tile, so no two trees of one model are alike, and they fade out before they would be smaller
 * than a pixel. Where a crown looks at the eye it stays whole; towards its edge flecks of it fall away, and of its far side,
 * seen from within, more than half.
 */
const LEAVES = `
float fleck(vec3 at) {
  vec3 cell = fract(at * 0.3183099 + 0.1) * 17.0;
  return fract(cell.x * cell.y * cell.z * (cell.x + cell.y + cell.z));
}
float flecks(vec3 at) {
  vec3 cell = floor(at), share = fract(at);
  share = share * share * (3.0 - 2.0 * share);
  vec2 step = vec2(0.0, 1.0);
  return mix(
    mix(mix(fleck(cell), fleck(cell + step.yxx), share.x), mix(fleck(cell + step.xyx), fleck(cell + step.yyx), share.x), share.y),
    mix(mix(fleck(cell + step.xxy), fleck(cell + step.yxy), share.x), mix(fleck(cell + step.xyy), fleck(cell + step.yyy), share.x), share.y),
    share.z);
}
void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 at = fsInput.attributes.positionMC;
  float pixel = 1.7 * czm_metersPerPixel(vec4(fsInput.attributes.positionEC, 1.0)); // not by fwidth: it leaps at a crown's edge
  vec3 facet = normalize(cross(dFdx(fsInput.attributes.positionEC), dFdy(fsInput.attributes.positionEC)));
  float near = 1.0 - smoothstep(0.03, 0.16, pixel);
  if (fsInput.attributes.color_0.a < 0.99 && near > 0.0) {
    float coarse = flecks(at * vec3(4.2, 4.2, 5.0));
    float fine = mix(0.5, flecks(at * 12.0), 1.0 - smoothstep(0.012, 0.05, pixel));
    float leaf = 0.5 * coarse + 0.5 * fine;
    vec3 eye = normalize(fsInput.attributes.positionEC);
    float away = 1.0 - min(abs(dot(normalize(fsInput.attributes.normalEC), eye)), abs(dot(facet, eye)));
    if (leaf < near * (gl_FrontFacing ? 0.7 * smoothstep(0.25, 0.8, away) : 0.57)) discard;
    float light = 0.4 + 1.2 * smoothstep(0.2, 0.8, leaf);
    material.diffuse *= mix(1.0, gl_FrontFacing ? light : 0.45 * light, near);
  }
  material.alpha = 1.0;
}`;

/** A shader for a tileset of trees and street furniture. */
export function foliage(): CustomShader {
  return new CustomShader({ fragmentShaderText: LEAVES });
}
