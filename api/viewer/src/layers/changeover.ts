/** The city's tileset as it is drawn: reading it, and changing over to a newer one without a hole in the picture. */

import { Cartesian2, Cartesian3, Cesium3DTileColorBlendMode, Cesium3DTileset, CustomShader, ShadowMode, UniformType } from "@cesium/engine";
import { Problem } from "../api";
import type { Stage } from "../scene";

export const TILESET = "city";
const URL_OF_ROOT = `/tiles3d/${TILESET}/tileset.json`;

/** While the eye moves, a shown tileset asks for less; a hidden one would then seem complete without being it. */
const LOADING = {
  shown: { preloadWhenHidden: false, cullRequestsWhileMoving: true, foveatedTimeDelay: 0.2 },
  hidden: { preloadWhenHidden: true, cullRequestsWhileMoving: false, foveatedTimeDelay: 0 },
};

/** The project's own default: after so long the newer tileset is shown with what it has. */
const LONGEST_MS = 30_000;

/** Soft light from all sides; the engine's own environment map would cost a pass of its own. */
const AMBIENT: [number, number, number] = [0.3, 0.32, 0.36];

/**
 * Ribs of tiles that run down a roof, a quarter of a metre apart, and the courses across them: on what the alpha of its vertex
 * colours says is laid with tiles (tilesets/buildings/textures/dressing.py, TILED), in metres of its own tile, on the average
 * as bright as before. Each fades out before it would be narrower than two pixels.
 */
const TILES = `
  vec3 face = normalize(normalize(fsInput.attributes.normalEC) * mat3(czm_modelView));
  float fall = length(face.xy);
  vec3 at = fsInput.attributes.positionMC * length(czm_model[0].xyz);
  vec2 down = face.xy / max(fall, 1e-3);
  float across = dot(at.xy, vec2(-down.y, down.x)) / 0.25;
  float along = dot(at.xy, down) / max(face.z, 0.1) / 0.2;
  vec2 perPixel = vec2(fwidth(across), fwidth(along));
  if (fsInput.attributes.color_0.a < 0.99 && fall > 0.08) {
    float rib = 0.24 * cos(6.2832 * across) * seen(perPixel.x) + 0.09 * cos(12.5664 * across) * seen(2.0 * perPixel.x);
    float course = 0.16 * (fract(along) - 0.5) * seen(perPixel.y);
    material.diffuse *= 1.0 + u_tiles * (rib + course);
  }`;

/** Walls a little darker than what lies flat or slopes, and roofs that slope the darker the steeper: forms stay legible in one colour. */
const FORM = `
float seen(float perPixel) { return 1.0 - smoothstep(0.2, 0.55, perPixel); }
void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 up = normalize((czm_view * vec4(normalize(fsInput.attributes.positionWC), 0.0)).xyz);
  float lying = abs(dot(normalize(fsInput.attributes.normalEC), up));
  float form = mix(0.62, 1.0, smoothstep(0.05, 0.35, lying)) * mix(0.8, 1.0, smoothstep(0.7, 0.98, lying) + (1.0 - smoothstep(0.05, 0.35, lying)));
  material.diffuse *= mix(1.0, form, u_form);
  material.emissive += vec3(u_haze);
${TILES}
  material.alpha = 1.0;
}`;

/**
 * How forms are told apart: by shade where all is of one colour, less where walls and roofs have their own. haze: the light
 * that a matt surface throws back whatever its colour (4 %); the engine's tone curve takes as much away, and dark bricks and
 * timber would turn garish without it.
 */
const LOOK = { model: { form: 1, haze: 0, ambient: 1, tiles: 0 }, natural: { form: 0.25, haze: 0.04, ambient: 2.1, tiles: 1 } };

/** Lights a tileset as a model in colours that mean something, or as what it is. */
export function light(tileset: Cesium3DTileset, isNatural: boolean): void {
  const { form, haze, ambient, tiles } = isNatural ? LOOK.natural : LOOK.model;
  tileset.customShader?.setUniform("u_form", form);
  tileset.customShader?.setUniform("u_haze", haze);
  tileset.customShader?.setUniform("u_tiles", tiles);
  const all = AMBIENT.map((part) => part * ambient) as [number, number, number];
  tileset.imageBasedLighting.sphericalHarmonicCoefficients = [new Cartesian3(...all), ...Array.from({ length: 8 }, () => new Cartesian3())];
}

/** A tileset, and the name of its root: the hash of the root's bytes. */
export interface Edition {
  tileset: Cesium3DTileset;
  root: string;
}

/** The name of the root that the server has now. Throws Problem where there is none. */
async function presentRoot(): Promise<string> {
  const answer = await fetch(URL_OF_ROOT, { method: "HEAD", cache: "no-cache" });
  if (!answer.ok) throw new Problem(answer.status, `http_${answer.status}`, answer.statusText);
  return /[0-9a-f]{32}/.exec(answer.headers.get("etag") ?? "")?.[0] ?? "";
}

/** The name is asked for first: were the root replaced in between, the newer one would be read again, never an old one kept. */
async function read(stage: Stage, root: string, show: boolean): Promise<Edition> {
  const tileset = await Cesium3DTileset.fromUrl(URL_OF_ROOT, {
    maximumScreenSpaceError: stage.isSoftware ? 20 : 3,
    cacheBytes: 384 * 1024 * 1024,
    skipLevelOfDetail: false,
    shadows: ShadowMode.ENABLED,
    show,
    ...LOADING[show ? "shown" : "hidden"],
  });
  tileset.customShader = new CustomShader({
    fragmentShaderText: FORM,
    uniforms: {
      u_form: { type: UniformType.FLOAT, value: 1 },
      u_haze: { type: UniformType.FLOAT, value: 0 },
      u_tiles: { type: UniformType.FLOAT, value: 0 },
    },
  });
  tileset.colorBlendMode = Cesium3DTileColorBlendMode.MIX;
  tileset.colorBlendAmount = 0.94;
  tileset.environmentMapManager.enabled = false;
  tileset.imageBasedLighting.imageBasedLightingFactor = new Cartesian2(1, 0); // no mirror images on walls
  stage.viewer.scene.primitives.add(tileset);
  return { tileset, root };
}

/** Until a hidden tileset has its tiles for the present view. A page in the background draws nothing: its time stands still. */
function complete(stage: Stage, { tileset }: Edition): Promise<void> {
  const { scene } = stage.viewer;
  return new Promise((resolve) => {
    let [full, spent, before] = [0, 0, performance.now()];
    const stop = scene.postUpdate.addEventListener(() => {
      const now = performance.now();
      [spent, before] = [spent + Math.min(now - before, 2000), now];
      // twice over: what arrived last may have named further tiles
      full = tileset.tilesLoaded ? full + 1 : 0;
      if (full < 2 && spent < LONGEST_MS) return;
      stop();
      resolve();
    });
  });
}

export interface Dresser {
  /** Gives a tileset its colours: before it is first drawn, and whenever `dress` is called. */
  dress: (tileset: Cesium3DTileset) => void;
  /** Runs once for each tileset, when it is read. */
  opened: (tileset: Cesium3DTileset) => void;
  /** Runs after each change of what is shown. */
  changed: () => void;
}

export interface Changeover {
  readonly shown: Edition;
  /** Dresses what is shown and what is on its way. */
  dress: () => void;
  show: (shown: boolean) => void;
  /** Shows the newest edition, unless it is `root` and that is shown already. Resolves when the newest is shown. */
  renew: (root?: string) => Promise<void>;
}

/** Reads the tileset and keeps what is shown of it. Throws where it does not answer. */
export async function openChangeover(stage: Stage, dresser: Dresser): Promise<Changeover> {
  const { primitives } = stage.viewer.scene;
  let isShown = true;
  let next: Edition | undefined;
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  const open = async (root: string, show: boolean): Promise<Edition> => {
    const edition = await read(stage, root, show);
    dresser.opened(edition.tileset);
    dresser.dress(edition.tileset);
    stage.render();
    return edition;
  };
  let current = await open(await presentRoot(), true);

  const once = async (): Promise<void> => {
    const root = await presentRoot();
    if (root !== "" && root === current.root) return;
    next = await open(root, false);
    if (isShown) await complete(stage, next);
    const old = current;
    [current, next] = [next, undefined];
    Object.assign(current.tileset, LOADING.shown, { show: isShown });
    primitives.remove(old.tileset);
    stage.render();
    dresser.changed();
  };
  /** However many events come meanwhile: one more round, which reads the newest. */
  const rounds = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      await once();
    } while (isAskedAgain);
  };
  return {
    get shown() {
      return current;
    },
    dress: () => {
      for (const edition of [current, next]) if (edition) dresser.dress(edition.tileset);
      stage.render();
    },
    show: (shown) => {
      isShown = current.tileset.show = shown;
      stage.render();
    },
    renew: (root) => {
      if (running) isAskedAgain = true;
      else if (root === undefined || root !== current.root) running = rounds().finally(() => (running = undefined));
      return running ?? Promise.resolve();
    },
  };
}
