/** The card of a tree or a piece of street furniture: what its layer says of it, in the words of that layer. */

import { get } from "../api";
import { fixtureOf, type Greens } from "../layers/greens";
import type { Theme } from "../layers/themes";
import { openCard } from "../panel";
import { failed } from "../toast";
import type { Cesium3DTileFeature } from "@cesium/engine";
import type { Feature } from "../types";
import { cardOf } from "./theme";

/** Opens the card and lights what was picked; closing it puts the light out. */
export async function showFixture(picked: Cesium3DTileFeature, greens: Greens, themes: Theme[]): Promise<void> {
  const { layer, id } = fixtureOf(picked);
  const info = themes.find((one) => one.info.id === layer)?.info;
  if (!info) return;
  try {
    const feature = await get<Feature>(`/ogc/collections/${layer}/items/${id}`);
    openCard({ key: `fixture-${id}`, draw: () => cardOf(info, feature), onClose: () => greens.select(undefined) });
    greens.select(id);
  } catch (error) {
    failed(error);
  }
}
