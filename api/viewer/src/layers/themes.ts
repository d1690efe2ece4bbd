/** The thematic layers: whatever the server describes and no other part of the page draws. Read when first shown. */

import { Color, CustomDataSource, type EntityCluster, Ellipsoid, type Entity, LabelStyle, Math as Maths } from "@cesium/engine";
import { layerInfos, layerPart } from "../api";
import { SELECTED_COLOUR } from "../colours";
import { badge } from "../icons";
import type { Stage } from "../scene";
import { failed } from "../toast";
import type { Feature, LayerInfo } from "../types";
import { LABEL_FONT } from "./landmarks";
import { colourOf, entitiesOf, reachEntity, type Style } from "./theme_shapes";

/** A layer of more features than this is read for what is in view, and again after each move. */
const MOST = 1500;
const MOST_FILLED = 300;
const MOVED_MS = 350;
/** Layers that have drawings of their own. */
const ELSEWHERE = new Set(["buildings", "divisions", "roads", "water", "landmarks"]);

export interface Theme {
  info: LayerInfo;
  count: number;
  /** How many are drawn now; fewer than `count` where more are in view than are read. */
  drawn: number;
  more: boolean;
  show: (shown: boolean) => Promise<void>;
  showReach: (shown: boolean) => void;
  find: (key: number) => Feature | undefined;
  /** Lights one feature (and what it covers) until it is called with another or none. */
  select: (feature?: Feature) => void;
  /** Runs after what is drawn has changed. */
  eachChange: (run: () => void) => void;
}

function clustered(source: CustomDataSource, info: LayerInfo): void {
  const { clustering } = source;
  Object.assign(clustering, { enabled: true, pixelRange: 34, minimumClusterSize: 4 });
  clustering.clusterEvent.addEventListener((inside: Entity[], cluster: Parameters<EntityCluster.newClusterCallback>[1]) => {
    cluster.billboard.show = cluster.label.show = true;
    cluster.billboard.image = badge(info.look.icon, info.look.colour).toDataURL();
    Object.assign(cluster.billboard, { width: 34, height: 34, disableDepthTestDistance: Number.POSITIVE_INFINITY });
    Object.assign(cluster.label, {
      text: String(inside.length),
      font: LABEL_FONT,
      scale: 0.46,
      style: LabelStyle.FILL_AND_OUTLINE,
      fillColor: Color.WHITE,
      outlineColor: Color.fromCssColorString("#0a1119"),
      outlineWidth: 6,
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
    });
    cluster.label.pixelOffset.x = 11;
    cluster.label.pixelOffset.y = -9;
  });
}

/** West, south, east, north of what is seen, degrees; undefined where the view reaches past the horizon on all sides. */
function viewBox(stage: Stage): number[] | undefined {
  const seen = stage.viewer.camera.computeViewRectangle(Ellipsoid.WGS84);
  return seen && [seen.west, seen.south, seen.east, seen.north].map(Maths.toDegrees);
}

class Drawn implements Theme {
  drawn = 0;
  more = false;
  private readonly source: CustomDataSource;
  private readonly reach = new CustomDataSource("reach");
  private readonly known = new Map<number, Feature>();
  private readonly listeners: (() => void)[] = [];
  private readonly lit = new CustomDataSource("selected");
  private asked: AbortController | undefined;
  private due = 0;
  private added: Promise<unknown> | undefined;
  private read = false;
  private shown = false;
  private withReach = false;

  constructor(
    private readonly stage: Stage,
    readonly info: LayerInfo,
    readonly count: number,
  ) {
    this.source = new CustomDataSource(info.id);
    if (info.geometry === "point") clustered(this.source, info);
  }

  find = (key: number): Feature | undefined => this.known.get(key);
  eachChange = (run: () => void): void => void this.listeners.push(run);

  show = async (shown: boolean): Promise<void> => {
    this.shown = shown;
    if (shown && !this.added) {
      const { dataSources, camera } = this.stage.viewer;
      this.added = Promise.all([this.source, this.reach, this.lit].map((each) => dataSources.add(each)));
      if (this.count > MOST) camera.moveEnd.addEventListener(() => this.moved());
    }
    for (const each of [this.source, this.lit]) each.show = shown;
    this.reach.show = shown && this.withReach;
    if (shown && (!this.read || this.count > MOST)) await this.refresh();
    this.stage.render();
  };

  showReach = (shown: boolean): void => {
    this.withReach = shown;
    this.reach.entities.removeAll();
    if (shown) for (const feature of this.known.values()) this.addReach(this.reach, feature);
    this.reach.show = shown && this.shown;
    this.stage.render();
  };

  select = (feature?: Feature): void => {
    this.lit.entities.removeAll();
    if (feature) {
      const style: Style = { colour: SELECTED_COLOUR, width: 6, size: 42, fill: false };
      for (const entity of entitiesOf(this.stage, this.info, feature, style)) this.lit.entities.add(entity);
      if (!this.withReach) this.addReach(this.lit, feature);
    }
    this.stage.render();
  };

  private addReach(to: CustomDataSource, feature: Feature): void {
    const made = reachEntity(this.stage, this.info, feature);
    if (made) to.entities.add(made);
  }

  private moved(): void {
    if (!this.shown) return;
    clearTimeout(this.due);
    this.due = window.setTimeout(() => void this.refresh().catch(failed), MOVED_MS);
  }

  /** Reads the layer, or what of it is in view; an answer that a newer question has overtaken is dropped. */
  private async refresh(): Promise<void> {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    try {
      const { features, more } = await layerPart(this.info.id, MOST, this.count > MOST ? viewBox(this.stage) : undefined, asked.signal);
      this.draw(features, more);
      this.read = true;
    } catch (error) {
      if (!asked.signal.aborted) throw error;
    }
  }

  private draw(features: Feature[], more: boolean): void {
    const { entities } = this.source;
    this.known.clear();
    entities.suspendEvents();
    entities.removeAll();
    for (const feature of features) {
      this.known.set(Number(feature.id), feature);
      const style: Style = { colour: colourOf(this.info, feature.properties), width: this.info.vertical ? 3.5 : 2.2, size: 28, fill: features.length <= MOST_FILLED };
      for (const entity of entitiesOf(this.stage, this.info, feature, style)) entities.add(entity);
    }
    entities.resumeEvents();
    Object.assign(this, { drawn: features.length, more });
    this.showReach(this.withReach);
    for (const run of this.listeners) run();
  }
}

/** Every layer that holds something, in the server's order; nothing is read yet. `counts`: features of each layer. */
export async function openThemes(stage: Stage, counts: Record<string, number>): Promise<Theme[]> {
  const infos = (await layerInfos()).filter((info) => info.geometry !== "none" && !ELSEWHERE.has(info.id));
  return infos.filter((info) => (counts[info.id] ?? 0) > 0).map((info) => new Drawn(stage, info, counts[info.id] ?? 0));
}
