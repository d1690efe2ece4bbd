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
  pipe: "M4 8h5v8h11 M4 6v4 M20 14v4",
  well: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z M8 12h8 M12 8v8",
  component: "M12 3v18 M8 21h8 M12 5h5v3h-5",
  bridge: "M3 17h18 M5 17v-4 M19 17v-4 M3 13c6-6 12-6 18 0",
  tree: "M12 21v-6 M12 3l6 8h-3l3 4H6l3-4H6z",
  camera: "M4 8h10v8H4z M14 11l6-3v8l-6-3",
  antenna: "M12 10v11 M8.500 13.500a5 5 0 1 1 7 0 M5.500 16a9 9 0 1 1 13 0",
  factory: "M3 20V10l6 4v-4l6 4V5h4v15z",
  flag: "M6 21V4 M6 5h11l-3 4 3 4H6",
  dam: "M5 4h4l6 16H5z M15 10c2-1.500 4 1.500 6 0 M16 15c2-1.500 3 1.500 5 0",
  hydrant: "M9 21V9a3 3 0 0 1 6 0v12 M6 21h12 M6 13h3 M15 13h3",
  gauge: "M5 4v16 M5 6h4 M5 10h3 M5 14h4 M5 18h3 M12 14c2-2 3-2 4.500 0s2.500 2 4 0",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6z M3.500 19a5.500 5.500 0 0 1 11 0 M16 11a2.500 2.500 0 1 0-1-4.800 M17 14a5 5 0 0 1 4 5",
  shield: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
  history: "M12 8v4l3 2 M4.500 8.500A8 8 0 1 1 4 13 M4 5v4h4",
  slope: "M3 19h18L8 6z M10 4h2 M15 8h2",
  shelter: "M3 20 12 5l9 15z M12 13v7",
  team: "M12 8a3 3 0 1 0 0-.01 M6 20a6 6 0 0 1 12 0 M9 5h6",
  store: "M4 9l8-5 8 5v11H4z M8 20v-7h8v7",
  school: "M2.500 9 12 5l9.500 4L12 13z M6.500 11v5c3 2.500 8 2.500 11 0v-5",
  hall: "M4 20h16 M5 9h14 M12 4 4 8.500h16z M7 10v8 M12 10v8 M17 10v8",
  home: "M4 11l8-7 8 7 M6 10v10h12V10",
  star: "M12 4l2.400 5.200 5.600.6-4.200 3.800 1.200 5.600-5-2.900-5 2.900 1.200-5.600L4 9.800l5.600-.6z",
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
