/** Small stroke icons on a 24 × 24 grid, for the page (SVG) and for the map's pins (canvas). */

import { svg } from "./dom";

const PATHS: Record<string, string> = {
  gas: "M7 18h10a4 4 0 0 0 .6-7.9A6 6 0 0 0 6.3 9.2 4.5 4.5 0 0 0 7 18z",
  gas_leak: "M7 15h10a3.6 3.6 0 0 0 .5-7.1A5.6 5.6 0 0 0 6.6 7 4 4 0 0 0 7 15z M8 19v1 M12 19v2 M16 19v1",
  water_level: "M12 3c4 4.8 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6.2 6-11z",
  traffic: "M8 4 5 20 M16 4l3 16 M12 4v3 M12 11v3 M12 18v2",
  air: "M3 9h11a3 3 0 1 0-3-3 M3 14h14a3 3 0 1 1-3 3 M3 19h6",
  vehicle: "M3 6h11v10H3z M14 10h4l3 3v3h-7 M7 19a1.6 1.6 0 1 0 .01 0 M17 19a1.6 1.6 0 1 0 .01 0",
  fire: "M12 3c1 4 5 5.4 5 10.3A5 5 0 0 1 12 19a5 5 0 0 1-5-5.2c0-2.6 1.4-3.9 2-5.6 1 .9 1.4 1.6 1.7 2.6C11.6 8.600 12.200 5.800 12 3z",
  traffic_accident: "M4 16v-4l2-5h12l2 5v4z M4 12h16 M7 16v3 M17 16v3",
  flood: "M3 8c2-2 4-2 6 0s4 2 6 0 4-2 6 0 M3 13c2-2 4-2 6 0s4 2 6 0 4-2 6 0 M3 18c2-2 4-2 6 0s4 2 6 0 4-2 6 0",
  collapse: "M4 20V10l8-6 8 6v10 M13 4l-3 6 4 3-3 7",
  earthquake: "M2 12h4l2-6 4 13 3-9 2 2h5",
  medical: "M12 5v14 M5 12h14",
  other: "M12 5v9 M12 18v.6",
  place: "M12 21c-4-5-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6-6 11z M12 12a2 2 0 1 0-.01 0",
  close: "M6 6l12 12 M18 6 6 18",
  plus: "M12 5v14 M5 12h14",
  minus: "M5 12h14",
  layers: "M12 4 3 9l9 5 9-5z M3 14l9 5 9-5",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4z M10 21h4",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z M16 16l5 5",
  building: "M5 21V4h9v17 M14 9h5v12 M8 8h3 M8 12h3 M8 16h3",
  city: "M3 21V11h5v10 M8 21V5h7v16 M15 21v-9h6v9",
  gate: "M3 9c3 0 6-1.500 9-5 3 3.500 6 5 9 5 M5 9v11h14V9 M9.500 20v-5a2.500 2.500 0 0 1 5 0v5",
  alarm: "M12 4 2.500 20h19z M12 10v5 M12 17.500v.4",
};

function pathOf(name: string): string {
  return PATHS[name] ?? PATHS.other ?? "";
}

/** The icon as an inline SVG, in the colour of the text around it. */
export function icon(name: string, size = 18): SVGSVGElement {
  const drawn = svg("path", { d: pathOf(name), fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round" });
  return svg("svg", { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", class: "icon" }, drawn);
}

const drawn = new Map<string, HTMLCanvasElement>();

function canvas(key: string, size: number, paint: (pen: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const known = drawn.get(key);
  if (known) return known;
  const made = document.createElement("canvas");
  made.width = made.height = size;
  const pen = made.getContext("2d");
  if (pen) paint(pen);
  drawn.set(key, made);
  return made;
}

function strokeIcon(pen: CanvasRenderingContext2D, name: string, x: number, y: number, scale: number, colour: string): void {
  pen.save();
  pen.translate(x, y);
  pen.scale(scale, scale);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.lineCap = pen.lineJoin = "round";
  pen.stroke(new Path2D(pathOf(name)));
  pen.restore();
}

/** A round badge (64 px): sensors and vehicles. */
export function badge(name: string, colour: string): HTMLCanvasElement {
  return canvas(`badge ${name} ${colour}`, 64, (pen) => {
    pen.beginPath();
    pen.arc(32, 32, 26, 0, 2 * Math.PI);
    pen.fillStyle = "rgba(9, 15, 23, 0.88)";
    pen.fill();
    pen.lineWidth = 4.5;
    pen.strokeStyle = colour;
    pen.stroke();
    strokeIcon(pen, name, 17, 17, 1.25, colour);
  });
}

/** A pin with its point at the lower middle (96 px): incidents and found places. */
export function pin(name: string, colour: string, faded: boolean): HTMLCanvasElement {
  return canvas(`pin ${name} ${colour} ${faded}`, 96, (pen) => {
    pen.globalAlpha = faded ? 0.55 : 1;
    pen.beginPath();
    pen.moveTo(48, 94);
    pen.bezierCurveTo(40, 76, 16, 64, 16, 38);
    pen.arc(48, 38, 32, Math.PI, 0);
    pen.bezierCurveTo(80, 64, 56, 76, 48, 94);
    pen.closePath();
    pen.fillStyle = colour;
    pen.fill();
    pen.lineWidth = 4;
    pen.strokeStyle = "rgba(255, 255, 255, 0.92)";
    pen.stroke();
    pen.beginPath();
    pen.arc(48, 38, 22, 0, 2 * Math.PI);
    pen.fillStyle = "rgba(9, 15, 23, 0.86)";
    pen.fill();
    strokeIcon(pen, name, 32, 22, 1.33, "#ffffff");
  });
}
