/** Reporting an incident: the mode in which the map is asked for a place, then the form. */

import { SEVERITY_COLOURS } from "./colours";
import { byId, el } from "./dom";
import { eachLanguage, t, word } from "./i18n";
import { icon } from "./icons";
import { type Draft, type Incidents, KINDS } from "./incidents";
import { closePanel, head, openCard } from "./panel";
import { failed, toast } from "./toast";
import type { Incident } from "./types";

export interface Reporting {
  isPicking: () => boolean;
  /** The place that was asked for. */
  place: (at: [number, number]) => void;
  stop: () => void;
}

const KEY = "incident-form";

function severities(): HTMLElement {
  const options = [1, 2, 3, 4].map((level) =>
    el(
      "label",
      { class: "severity", style: `--edge: ${SEVERITY_COLOURS[level] ?? ""}` },
      el("input", { type: "radio", name: "severity", value: level, checked: level === 4 }),
      el("span", {}, el("b", {}, word("sevcolour", String(level))), word("sev", String(level))),
    ),
  );
  return el("fieldset", { class: "severities" }, el("legend", {}, t("incident.severity")), ...options);
}

function kinds(): HTMLElement {
  const options = KINDS.map((kind, i) =>
    el("label", { class: "kind" }, el("input", { type: "radio", name: "kind", value: kind, checked: i === 0 }), el("span", {}, icon(kind, 18) as unknown as HTMLElement, word("inc", kind))),
  );
  return el("fieldset", { class: "kinds" }, el("legend", {}, t("incident.kind")), ...options);
}

function read(form: HTMLFormElement): Draft {
  const data = new FormData(form);
  const description = String(data.get("description") ?? "").trim();
  return {
    kind: String(data.get("kind")),
    title: String(data.get("title")).trim(),
    severity: Number(data.get("severity")),
    ...(description ? { description } : {}),
  };
}

function drawForm(at: [number, number], send: (draft: Draft, button: HTMLButtonElement) => void): HTMLElement[] {
  const submit = el("button", { class: "button primary", type: "submit" }, t("incident.submit"));
  const form: HTMLFormElement = el(
    "form",
    { class: "incident-form", id: "incident-form", onsubmit: (event: Event) => (event.preventDefault(), send(read(form), submit)) },
    kinds(),
    el("label", { class: "labelled" }, t("incident.title"), el("input", { class: "field", name: "title", required: true, maxlength: 120, placeholder: t("incident.title.hint"), autocomplete: "off" })),
    severities(),
    el("label", { class: "labelled" }, t("incident.description"), el("textarea", { class: "field", name: "description", rows: 2, maxlength: 2000 })),
    el("p", { class: "quiet" }, `${t("field.position")} ${at[0].toFixed(5)}, ${at[1].toFixed(5)}`),
    el("div", { class: "buttons" }, submit, el("button", { class: "button", type: "button", onclick: closePanel }, t("incident.cancel"))),
  );
  return [head(t("card.incident"), "alarm", t("incident.form")), form];
}

/** Wires the report button. `centre` gives the place in the middle of the view, `done` shows what was made. */
export function openReporting(incidents: Incidents, centre: () => [number, number] | undefined, done: (incident: Incident) => void): Reporting {
  const button = byId<HTMLButtonElement>("report");
  const hint = byId("hint");
  let picking = false;
  const mode = (on: boolean): void => {
    picking = on;
    document.body.classList.toggle("picking", on);
    button.setAttribute("aria-pressed", String(on));
    hint.hidden = !on;
  };
  const place = (at: [number, number]): void => {
    mode(false);
    const send = async (draft: Draft, submit: HTMLButtonElement): Promise<void> => {
      submit.disabled = true;
      submit.textContent = t("incident.sending");
      try {
        const made = await incidents.report(draft, at);
        toast({ title: t("incident.saved"), text: made.properties.title, colour: SEVERITY_COLOURS[made.properties.severity] ?? "", icon: made.properties.kind });
        done(made);
      } catch (error) {
        failed(error);
        submit.disabled = false;
        submit.textContent = t("incident.submit");
      }
    };
    openCard({ key: KEY, draw: () => drawForm(at, (draft, submit) => void send(draft, submit)) });
    document.querySelector<HTMLInputElement>("#incident-form [name=title]")?.focus();
  };
  button.addEventListener("click", () => mode(!picking));
  addEventListener("keydown", (event) => {
    if (!picking) return;
    if (event.key === "Escape") mode(false);
    else if (event.key === "Enter" && event.target !== button) {
      const at = centre();
      if (at) place(at);
    } else return;
    event.preventDefault();
  });
  eachLanguage(() => (hint.textContent = t("incident.pick")));
  return { isPicking: () => picking, place, stop: () => mode(false) };
}
