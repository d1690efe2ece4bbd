/** The card of a thematic layer's feature: every column with its title and unit, then where it comes from. */

import { el } from "../dom";
import { datedTime, number, t, titled, word } from "../i18n";
import { colourOf, isRaised, middleOfFeature } from "../layers/theme_shapes";
import type { Theme } from "../layers/themes";
import { facts, head, openCard, syntheticBadge } from "../panel";
import type { Feature, LayerColumn, LayerInfo } from "../types";

type Properties = Record<string, unknown>;

/** A structure as nested rows; a list with its members behind each other. */
function structure(value: unknown): Node | string {
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))).join(", ");
  if (typeof value !== "object" || value === null) return typeof value === "number" ? number(value, 3) : String(value);
  return facts(Object.entries(value as Properties).map(([name, inner]) => [word("state", name), structure(inner)]));
}

function valueOf(column: LayerColumn, value: unknown): Node | string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const choice = column.choices?.find((one) => one.value === value);
  if (choice) return titled(choice);
  if (column.type === "json") return structure(value);
  if (column.type === "time") return datedTime(String(value));
  if (column.type === "integer" && typeof value === "number" && /year/.test(column.name)) return String(value);
  const said = typeof value === "number" ? number(value, 3) : String(value);
  return column.unit ? `${said} ${column.unit}` : said;
}

/** What a feature is called: its name, what it says it is about, its identifier. */
export function nameOf(feature: Feature): string {
  const { name, title, id } = feature.properties as Properties;
  return String(name ?? title ?? id ?? feature.id);
}

/** What a layer says of one of its features, as the rows of a card. */
export function cardOf(info: LayerInfo, feature: Feature): HTMLElement[] {
  const properties = feature.properties as Properties;
  const legend = info.columns.find((column) => column.name === info.look.legend);
  const swatch = (text: Node | string): Node => el("span", {}, el("span", { class: "swatch", style: `background: ${colourOf(info, properties)}` }), text);
  const rows = info.columns
    .filter((column) => column.name !== "name" && column.name !== "id")
    .map((column): [string, Node | string | undefined] => {
      const value = valueOf(column, properties[column.name]);
      return [titled(column), value !== undefined && column === legend ? swatch(value) : value];
    });
  const at = middleOfFeature(feature);
  const accuracy = properties.accuracy_m;
  return [
    head(titled(info), info.look.icon, nameOf(feature), syntheticBadge(properties.is_synthetic === true)),
    facts(rows),
    ...(info.vertical && !isRaised(feature) ? [el("p", { class: "quiet" }, t("layer.unraised"))] : []),
    facts([
      [t("field.position"), at ? `${at[0].toFixed(5)}, ${at[1].toFixed(5)}` : undefined],
      [t("field.source"), word("source", properties.source as string | null)],
      [t("field.accuracy"), typeof accuracy === "number" ? `${number(accuracy)} m` : t("unknown")],
      [t("layer.survey"), properties.survey_date as string | null],
      [t("layer.dataset"), properties.dataset as string | null],
      [t("field.id"), el("code", { "data-field": "id" }, String(properties.id ?? feature.id))],
    ]),
  ];
}

/** Opens the card and lights the feature; closing it puts the light out. */
export function showFeatureOf(theme: Theme, feature: Feature): void {
  openCard({ key: `theme-${theme.info.id}-${feature.id}`, draw: () => cardOf(theme.info, feature), onClose: () => theme.select() });
  theme.select(feature);
}
