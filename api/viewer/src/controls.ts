/** The left dock: layer switches, colouring and legend, sun; and the buttons of the views. */

import { HEIGHT_COLOURS, NATURAL_COLOURS, PLAIN_COLOUR, USE_COLOURS } from "./colours";
import { byId, el } from "./dom";
import { eachLanguage, lookUp, t, word } from "./i18n";
import { icon } from "./icons";
import type { Buildings, Colouring } from "./layers/buildings";
import { setHour, type Stage } from "./scene";
import { failed } from "./toast";

const ROOMY_PX = 860;

export interface Switch {
  name: string;
  on: boolean;
  set: (shown: boolean) => void | Promise<void>;
}

function switchRow(layer: Switch): HTMLElement {
  const box = el("input", { type: "checkbox", role: "switch", checked: layer.on, "data-layer": layer.name });
  const set = async (): Promise<void> => {
    layer.on = box.checked;
    try {
      await layer.set(box.checked);
    } catch (error) {
      failed(error);
      box.checked = layer.on = false;
    }
  };
  box.addEventListener("change", () => void set());
  return el("li", {}, el("label", { class: "switch" }, box, el("i"), el("span", {}, lookUp(`layer.${layer.name}`) ?? layer.name)));
}

/** Draws the switches (again at each language). A switch that fails goes off. */
export function openSwitches(switches: Switch[]): void {
  eachLanguage(() => byId("layers").replaceChildren(...switches.map(switchRow)));
}

function legendRows(by: Colouring): [colour: string, text: string][] {
  if (by === "natural") return NATURAL_COLOURS.map(([what, colour]) => [colour, t(`legend.${what}`)]);
  if (by === "plain") return [[PLAIN_COLOUR, t("layer.buildings")]];
  if (by === "use") return Object.entries(USE_COLOURS).map(([use, colour]) => [colour, word("use", use)]);
  return HEIGHT_COLOURS.map(([limit, colour], i) => {
    const from = HEIGHT_COLOURS[i - 1]?.[0] ?? 0;
    return [colour, `${limit === Infinity ? `≥ ${from}` : `${from} – ${limit}`} ${t("legend.metres")}`];
  });
}

export function openColouring(buildings: Buildings | undefined): void {
  let by: Colouring = "natural";
  const draw = (): void => {
    const choice = (name: Colouring): HTMLElement =>
      el("label", {}, el("input", { type: "radio", name: "colouring", value: name, checked: name === by, onchange: () => choose(name) }), el("span", {}, t(`style.${name}`)));
    byId("colouring").replaceChildren(...(["natural", "use", "height", "plain"] as const).map(choice));
    drawLegend();
  };
  const drawLegend = (): void => {
    byId("legend").replaceChildren(...legendRows(by).map(([colour, text]) => el("li", {}, el("span", { class: "swatch", style: `background: ${colour}` }), text)));
  };
  const choose = (name: Colouring): void => {
    by = name;
    buildings?.colourBy(name);
    drawLegend();
  };
  eachLanguage(draw);
}

/** The sun: shadows are off until asked for; then the hour can be moved. */
export function openSun(stage: Stage): void {
  const [shadows, hour, now] = [byId<HTMLInputElement>("shadows"), byId<HTMLInputElement>("hour"), byId("hour-now")];
  const { scene } = stage.viewer;
  Object.assign(scene.shadowMap, { size: stage.isSoftware ? 1024 : 2048, maximumDistance: 4500, darkness: 0.42, softShadows: false });
  const apply = (): void => {
    const value = Number(hour.value);
    now.textContent = `${String(Math.floor(value)).padStart(2, "0")}:${String((value % 1) * 60).padStart(2, "0")}`;
    byId("hour-row").hidden = !shadows.checked;
    scene.shadowMap.enabled = shadows.checked;
    if (stage.hasGlobe) scene.globe.enableLighting = shadows.checked;
    setHour(stage.viewer, shadows.checked ? value : 10.5);
    stage.render();
  };
  shadows.addEventListener("change", apply);
  hour.addEventListener("input", apply);
}

export interface ViewButton {
  name: "city" | "oldtown" | "north" | "in" | "out";
  icon?: string;
  run: () => void;
}

export function openViews(buttons: ViewButton[]): void {
  const draw = (button: ViewButton): HTMLElement => {
    const label = t(`view.${button.name}`);
    const text = button.icon && button.name !== "city" && button.name !== "oldtown" ? null : label;
    return el("button", { type: "button", class: text ? "view" : "view bare", id: `view-${button.name}`, "aria-label": label, title: label, onclick: button.run }, button.icon ? icon(button.icon, 18) : el("b", {}, "N"), text ? el("span", {}, text) : null);
  };
  eachLanguage(() => byId("views").replaceChildren(...buttons.map(draw)));
}

/** The docks fold away in a narrow window; their buttons bring them back. */
export function openDocks(): void {
  for (const [button, name, picture] of [["toggle-layers", "left", "layers"], ["toggle-incidents", "incidents", "bell"]] as const) {
    const toggle = byId(button);
    toggle.append(icon(picture, 20));
    toggle.addEventListener("click", () => {
      const open = document.body.classList.toggle(`show-${name}`);
      toggle.setAttribute("aria-expanded", String(open));
    });
  }
  byId<HTMLDetailsElement>("style-box").open = innerHeight >= ROOMY_PX; // a low window needs its room for the layers
  byId("search-icon").append(icon("search", 18));
}
