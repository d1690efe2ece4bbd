/** A small line chart, drawn by hand in SVG: one series, its thresholds, its ends. */

import { svg } from "./dom";
import { clockTime, number } from "./i18n";

export interface Series {
  points: { time: number; value: number }[];
  unit: string;
  colour: string;
  label: string;
  thresholds: { value: number; label: string; colour: string }[];
}

const [WIDTH, HEIGHT] = [320, 132];
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 8, 10, 20];

function limits(series: Series): [number, number] {
  const values = series.points.map((p) => p.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || Math.max(1, Math.abs(high) * 0.02);
  // a threshold is drawn only where it is near: one far away would flatten the line
  const near = series.thresholds.map((th) => th.value).filter((v) => v > low - span * 2 && v < high + span * 2);
  return [Math.min(low, ...near) - span * 0.1, Math.max(high, ...near) + span * 0.1];
}

function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const found: number[] = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(v || 0); // never -0
  return found;
}

/** The chart as an image with a spoken summary; needs at least two points. */
export function chart(series: Series): SVGSVGElement {
  const { points } = series;
  const [low, high] = limits(series);
  const start = points[0]?.time ?? 0;
  const end = points.at(-1)?.time ?? 1;
  const x = (time: number): number => LEFT + ((time - start) / Math.max(1, end - start)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const line = points.map((p, i) => `${i ? "L" : "M"}${x(p.time).toFixed(1)} ${y(p.value).toFixed(1)}`).join("");
  const last = points.at(-1);
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": series.label });
  for (const tick of ticks(low, high)) {
    drawing.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }), svg("text", { x: LEFT - 6, y: y(tick) + 3.5, class: "tick", "text-anchor": "end" }, number(tick)));
  }
  drawing.append(svg("path", { d: `${line}L${x(end)} ${HEIGHT - BOTTOM}L${LEFT} ${HEIGHT - BOTTOM}Z`, fill: series.colour, opacity: 0.14 }));
  for (const threshold of series.thresholds) {
    if (threshold.value < low || threshold.value > high) continue;
    const at = y(threshold.value);
    drawing.append(
      svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, stroke: threshold.colour, "stroke-dasharray": "4 3" }),
      svg("text", { x: WIDTH - RIGHT - 2, y: at - 3, class: "tick", "text-anchor": "end", fill: threshold.colour }, threshold.label),
    );
  }
  drawing.append(svg("path", { d: line, fill: "none", stroke: series.colour, "stroke-width": 1.8, "stroke-linejoin": "round" }));
  if (last) drawing.append(svg("circle", { cx: x(last.time), cy: y(last.value), r: 3.2, fill: series.colour }));
  drawing.append(
    svg("text", { x: LEFT, y: HEIGHT - 5, class: "tick" }, clockTime(start)),
    svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 5, class: "tick", "text-anchor": "end" }, clockTime(end)),
  );
  return drawing;
}
