/** The card of a block: what its tile says of the buildings that it stands for, seen from afar. */

import { USE_COLOURS } from "../colours";
import { el } from "../dom";
import { number, t, word } from "../i18n";
import type { BlockAttributes, Buildings } from "../layers/buildings";
import { facts, head, openCard, syntheticBadge } from "../panel";

function draw({ count, volume, height, use, is_synthetic }: BlockAttributes): HTMLElement[] {
  const swatch = el("span", { class: "swatch", style: `background: ${USE_COLOURS[use ?? "unknown"] ?? ""}` });
  const rows = facts([
    [t("field.count"), number(count, 0)],
    [t("field.volume"), volume === undefined ? t("unknown") : `${number(volume, 0)} m³`],
    [t("field.mean_height"), height === undefined ? t("unknown") : `${number(height, 1)} m`],
    [t("field.main_use"), el("span", {}, swatch, word("use", use))],
  ]);
  return [head(t("card.building"), "city", t("card.block"), syntheticBadge(is_synthetic)), rows, el("p", { class: "quiet" }, t("block.hint"))];
}

/** Opens the card and lights the block; closing it puts the light out. */
export function showBlock(block: BlockAttributes, buildings: Buildings): void {
  openCard({ key: `block-${block.id}`, draw: () => draw(block), onClose: () => buildings.select(undefined) });
  buildings.select({ what: "block", id: block.id });
}
