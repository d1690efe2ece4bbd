/** A found place: its marker on the map and its card. */

import { type Entity, VerticalOrigin } from "@cesium/engine";
import { flyToPlace } from "./camera";
import { t } from "./i18n";
import { pin } from "./icons";
import { facts, head, openCard } from "./panel";
import { clamping, onGround, type Stage } from "./scene";
import type { Place } from "./types";

let marked: Entity | undefined;

function unmark(stage: Stage): void {
  if (marked) stage.viewer.entities.remove(marked);
  marked = undefined;
  stage.render();
}

/** Flies to the place, marks it and shows what is known; closing the card takes the marker away. One without a position only
 *  has a card. */
export function showPlace(stage: Stage, place: Place): void {
  const at: [number, number] | undefined = place.lon === null || place.lat === null ? undefined : [place.lon, place.lat];
  openCard({
    key: `place-${at ?? place.division}`,
    draw: () => [
      head(t("card.place"), "place", place.name ?? place.address ?? ""),
      facts([
        [t("field.address"), place.address],
        [t("field.division"), place.division],
        [t("field.position"), at ? `${at[0].toFixed(5)}, ${at[1].toFixed(5)}` : t("place.nowhere")],
      ]),
    ],
    onClose: () => unmark(stage),
  });
  unmark(stage);
  if (!at) return;
  marked = stage.viewer.entities.add({
    position: onGround(stage, at),
    billboard: { image: pin("place", "#2fb8ae", false), width: 44, height: 44, verticalOrigin: VerticalOrigin.BOTTOM, heightReference: clamping(stage), disableDepthTestDistance: Number.POSITIVE_INFINITY },
  });
  flyToPlace(stage, at);
}
