/** Every colour that carries a meaning: building uses and heights, warning levels, states. */

/** Use of a building → colour; the order is the legend's. */
export const USE_COLOURS: Record<string, string> = {
  residential: "#d6b98a",
  commercial: "#e08a3c",
  office: "#4f93cf",
  industrial: "#8877b8",
  public: "#3fae9f",
  religious: "#c9443a",
  heritage: "#a9652c",
  education: "#7ab552",
  medical: "#e2718f",
  transport: "#6b7f99",
  unknown: "#a7adb5",
};

/** Upper limit in metres (exclusive) → colour. */
export const HEIGHT_COLOURS: readonly [number, string][] = [
  [6, "#3c6e8f"],
  [12, "#4f9aa3"],
  [24, "#8cc0a0"],
  [50, "#e8d59a"],
  [100, "#e59a5c"],
  [Infinity, "#d4534a"],
];

/** Colours of a legend's classes where no rule gives them any, in their order. */
const CLASS_COLOURS = ["#5fb0e8", "#e8a04f", "#8fcf6b", "#e27a7a", "#b79cf0", "#e6d36a", "#5cc9b8", "#d98ac0", "#a8b3c0", "#c99a6b", "#7f9cf5"];

/** The colour of the class at this place of a legend. */
export function classColour(at: number): string {
  return CLASS_COLOURS[at % CLASS_COLOURS.length] ?? PLAIN_COLOUR;
}

/** What the town as built consists of → about its colour. */
export const NATURAL_COLOURS: readonly ["roof_photo" | "wall_texture" | "no_texture", string][] = [
  ["roof_photo", "#6c6862"],
  ["wall_texture", "#8a8c8b"],
  ["no_texture", "#d6c9b4"],
];

export const PLAIN_COLOUR = "#cdd3da";
export const SELECTED_COLOUR = "#39e0d0";

/** Warning colours 红 橙 黄 蓝 of severity 1 … 4 (domain: 一级 red is the most serious). */
export const SEVERITY_COLOURS: Record<number, string> = { 1: "#ff4d4f", 2: "#ff8a1f", 3: "#f5c518", 4: "#3f8cff" };

const CALM: Record<string, string> = { normal: "#35d0a5", stale: "#8792a2", unknown: "#6d788a" };
const STEPS = ["#f5c518", "#ff8a1f", "#ff4d4f"];

export function isAlarm(state: string): boolean {
  return !(state in CALM);
}

/** Colour of a sensor's state. `rank` of `of`: which threshold of the stated ones it names (0 the lowest); -1 unknown. */
export function stateColour(state: string, rank = -1, of = 0): string {
  const calm = CALM[state];
  if (calm) return calm;
  if (rank < 0) return STEPS[1] ?? "";
  if (rank === of - 1 && of > 1) return STEPS[2] ?? "";
  return STEPS[Math.min(rank, 1)] ?? "";
}
