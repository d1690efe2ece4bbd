/** The card of a building: what its tile says at once, then the address from the feature service. */

import { get, Problem } from "../api";
import { el } from "../dom";
import { number, t, word } from "../i18n";
import type { BuildingAttributes, Buildings } from "../layers/buildings";
import { facts, head, openCard, redraw, syntheticBadge } from "../panel";
import { failed } from "../toast";
import type { Feature } from "../types";
import { USE_COLOURS } from "../colours";

interface BuildingItem {
  name?: string | null;
  address?: string | null;
  division?: string | null;
  cim_level?: string | null;
}

function draw(building: BuildingAttributes, item: BuildingItem | undefined): HTMLElement[] {
  const { use, height, storeys, cim_level, accuracy } = building;
  const swatch = el("span", { class: "swatch", style: `background: ${USE_COLOURS[use ?? "unknown"] ?? ""}` });
  const level = el("span", { class: `badge level ${cim_level ?? ""}` }, word("level", cim_level));
  const title = building.name ?? item?.name ?? t("unnamed");
  const rows = facts([
    [t("field.use"), el("span", {}, swatch, word("use", use))],
    [t("field.height"), height === undefined ? t("unknown") : `${number(height, 1)} m`],
    [t("field.storeys"), storeys === undefined ? t("unknown") : String(storeys)],
    [t("field.roof"), word("roof", building.roof_form)],
    [t("field.address"), item === undefined ? t("loading") : item.address],
    [t("field.division"), item?.division],
    [t("field.level"), word("level", cim_level)],
    [t("field.best"), item?.cim_level && item.cim_level !== cim_level ? word("level", item.cim_level) : undefined],
    [t("field.lod"), building.lod === undefined ? t("unknown") : `LoD ${number(building.lod, 1)}`],
    [t("field.accuracy"), accuracy === undefined ? t("unknown") : `${number(accuracy)} m`],
    [t("field.source"), word("source", building.source)],
    [t("field.id"), el("code", { "data-field": "id" }, building.id)],
  ]);
  return [head(t("card.building"), "building", title, [...syntheticBadge(building.is_synthetic), level]), rows];
}

/** Opens the card and lights the building; closing it puts the light out. */
export function showBuilding(building: BuildingAttributes, buildings: Buildings): void {
  const key = `building-${building.id}`;
  let item: BuildingItem | undefined;
  openCard({ key, draw: () => draw(building, item), onClose: () => buildings.select(undefined) });
  buildings.select(building.id);
  get<Feature<BuildingItem>>(`/ogc/collections/buildings/items/${building.id}`)
    .then((feature) => (item = feature.properties))
    .catch((error: unknown) => {
      item = {};
      if (!(error instanceof Problem && error.status === 404)) failed(error);
    })
    .finally(() => redraw(key));
}
