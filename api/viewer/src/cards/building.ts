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
  use?: string | null;
  height_m?: number | null;
  storeys?: number | null;
  roof_form?: string | null;
  address?: string | null;
  division?: string | null;
  cim_level?: string | null;
  roof_basis?: string | null;
  era?: string | null;
  protection_grade?: string | null;
  protection_unit?: string | null;
  dataset?: string | null;
  decisions?: { won: Record<string, { dataset: string; why: string }> } | null;
}

/** Which dataset each attribute comes from, where several tell of the building; the reasons show on pointing at them. */
function origins(item: BuildingItem | undefined): HTMLElement | undefined {
  const won = item?.decisions?.won;
  if (won === undefined) return undefined;
  const known = Object.entries(won).filter(([name]) => name === "footprint" || (item as Record<string, unknown>)[name] != null);
  const by = new Map<string, [string, string][]>();
  for (const [name, { dataset, why }] of known) by.set(dataset, [...(by.get(dataset) ?? []), [name, why]]);
  const lines = [...by].map(([dataset, names]) =>
    el("div", {}, `${dataset}: `, ...names.flatMap(([name, why], n) => [n ? ", " : "", el("span", { title: why }, name)])),
  );
  return el("div", { "data-field": "origins" }, ...lines);
}

/** What its walls and its roof look like, and that nobody took a picture of the walls; undefined where it has no texture. */
function textures({ wall_texture, roof_photo }: BuildingAttributes): string | undefined {
  const wall = wall_texture && wall_texture !== "none" ? t("texture.wall", { what: word("wall", wall_texture) }) : undefined;
  return [roof_photo ? t("texture.roof") : undefined, wall].filter(Boolean).join(" · ") || undefined;
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
    [t("field.roof"), item?.roof_basis === "inferred" ? `${word("roof", item.roof_form)} (${t("roof.is_inferred")})` : word("roof", building.roof_form)],
    [t("field.texture"), textures(building)],
    [t("field.era"), item?.era],
    [t("field.protection"), item?.protection_grade ? `${word("grade", item.protection_grade)} · ${item.protection_unit ?? ""}` : undefined],
    [t("field.address"), item === undefined ? t("loading") : item.address],
    [t("field.division"), item?.division],
    [t("field.level"), word("level", cim_level)],
    [t("field.best"), item?.cim_level && item.cim_level !== cim_level ? word("level", item.cim_level) : undefined],
    [t("field.lod"), building.lod === undefined ? t("unknown") : `LoD ${number(building.lod, 1)}`],
    [t("field.accuracy"), accuracy === undefined ? t("unknown") : `${number(accuracy)} m`],
    [t("field.source"), word("source", building.source)],
    [t("field.origins"), origins(item)],
    [t("field.id"), el("code", { "data-field": "id" }, building.id)],
  ]);
  return [head(t("card.building"), "building", title, [...syntheticBadge(building.is_synthetic), level]), rows];
}

/** The same building as the newest edition of the model has it. */
function renewed(building: BuildingAttributes, item: BuildingItem): BuildingAttributes {
  const { name, use, height_m, storeys, roof_form } = item;
  return { ...building, name: name ?? undefined, use: use ?? undefined, height: height_m ?? undefined, storeys: storeys ?? undefined, roof_form: roof_form ?? undefined };
}

/** Opens the card and lights the building; closing it puts the light out. While it is open it follows the model. */
export function showBuilding(picked: BuildingAttributes, buildings: Buildings): void {
  const key = `building-${picked.id}`;
  let [building, item]: [BuildingAttributes, BuildingItem | undefined] = [picked, undefined];
  const ask = async (): Promise<void> => {
    try {
      item = (await get<Feature<BuildingItem>>(`/ogc/collections/buildings/items/${picked.id}`)).properties;
    } catch (error) {
      item ??= {};
      if (!(error instanceof Problem && error.status === 404)) failed(error);
    }
    redraw(key);
  };
  const unfollow = buildings.eachEdition(() => void ask().then(() => item?.height_m !== undefined && ((building = renewed(building, item)), redraw(key))));
  openCard({ key, draw: () => draw(building, item), onClose: () => (unfollow(), buildings.select(undefined)) });
  buildings.select({ what: "building", id: picked.id });
  void ask();
}
