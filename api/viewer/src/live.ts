/** The live line: server-sent events from /live, opened again whenever it breaks. */

import type { Incident, ObservationEvent, TileEvent } from "./types";

export type LiveStatus = "connecting" | "open" | "lost";

export interface LiveListeners {
  onIncident: (incident: Incident) => void;
  onObservation: (event: ObservationEvent) => void;
  onTile: (event: TileEvent) => void;
  onStatus: (status: LiveStatus) => void;
  /** The line came back after a break: events may have been missed, so read again. */
  onReturn: () => void;
}

const DOOR = "/live?layers=incidents,observations,tiles";
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [1000, 20_000];

function parsed<T>(event: Event): T | undefined {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return undefined;
  }
}

/** Opens the line and keeps it open; returns what closes it. */
export function openLive(listeners: LiveListeners): () => void {
  let source: EventSource | undefined;
  let wait = FIRST_WAIT_MS;
  let broken = false;
  let lastId = "";
  let timer: number | undefined;

  const remember = <T>(run: (data: T) => void) => (event: Event): void => {
    lastId = (event as MessageEvent).lastEventId || lastId;
    const data = parsed<T>(event);
    if (data !== undefined) run(data);
  };
  const connect = (): void => {
    listeners.onStatus(broken ? "lost" : "connecting");
    source = new EventSource(lastId ? `${DOOR}&last_event_id=${encodeURIComponent(lastId)}` : DOOR);
    source.addEventListener("incident", remember(listeners.onIncident));
    source.addEventListener("observation", remember(listeners.onObservation));
    source.addEventListener("reset", () => listeners.onReturn());
    source.addEventListener("tile", remember(listeners.onTile));
    source.onopen = () => {
      wait = FIRST_WAIT_MS;
      listeners.onStatus("open");
      if (broken) listeners.onReturn();
      broken = false;
    };
    source.onerror = () => {
      broken = true;
      listeners.onStatus("lost");
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      clearTimeout(timer);
      timer = window.setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };
  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
