import type { NodeHistory, NodeView } from "../../../city/cityView";
import type { FieldCheck } from "../../../field/checks";
import type { MapAnswer, VisitRequest } from "../../api";
import { element, setText } from "../dom";
import { fill } from "../language";
import { StreetMap } from "../map/streetMap";
import { RequestProblem } from "../requests";
import type { Surroundings } from "../surroundings";
import { shrinkPhoto } from "./photo";
import { nodeIn } from "./scanner";
import { newDraft, type Draft, type Store } from "./store";
import type { FieldTexts } from "./texts/fieldTexts";

/** What is typed is kept this soon after. */
const SAVE_MS = 300;
const POSITION_TIMEOUT_MS = 30_000;
const KINDS: readonly VisitRequest["kind"][] = ["accept", "replace", "take-down"];
/** North, north-east and so on: nobody reads degrees off a bracket. */
const DIRECTIONS_DEG = [0, 45, 90, 135, 180, 225, 270, 315];

/** What the form needs of the page around it. */
export interface VisitFormOptions {
  readonly node: string;
  readonly here: Surroundings;
  readonly texts: FieldTexts;
  readonly store: Store;
  readonly arabic: boolean;
  /** The checks as they were last; undefined while nothing is known. */
  readonly checks: () => readonly FieldCheck[] | undefined;
  /** Where another node hangs. @throws RequestProblem */
  readonly placeOf: (node: string) => Promise<NodeView["place"]>;
  /** Who is signed in, or was last. */
  readonly person: () => string | undefined;
  /** Called when a visit was put into the queue. */
  readonly queued: () => void;
}

/** What a crew enters at a pole; kept with every entry, until it is accepted. */
export class VisitForm {
  readonly root: HTMLElement;
  readonly #options: VisitFormOptions;
  readonly #map: StreetMap;
  readonly #pole = textInput({ maxlength: "40", autocomplete: "off" });
  readonly #replaces = textInput({ autocapitalize: "none", autocomplete: "off" });
  readonly #height = textInput({ inputmode: "decimal", maxlength: "5" });
  readonly #direction: HTMLSelectElement;
  readonly #note = element("textarea", { rows: "2", maxlength: "1000" });
  readonly #despite = textInput({ maxlength: "200" });
  readonly #position = element("p", { class: "note", role: "status" });
  readonly #photo = element("div", { class: "photo" });
  readonly #open = element("p", { class: "note" });
  readonly #problem = element("p", { class: "problem", role: "alert" });
  readonly #submit = element("button", { type: "submit", class: "primary big" });
  readonly #kinds: readonly HTMLInputElement[];
  readonly #forKind: readonly (readonly [HTMLElement, readonly VisitRequest["kind"][]])[];
  readonly #despiteLabel: HTMLElement;
  readonly #takeIt: HTMLButtonElement;
  #draft: Draft;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #view: NodeHistory | undefined;
  #poles = new Map<string, { lat: number; lon: number; node?: string | undefined }>();

  constructor(options: VisitFormOptions) {
    this.#options = options;
    this.#draft = newDraft(options.node);
    const { texts, here } = options;
    this.#map = new StreetMap({
      label: texts.placeOnMap,
      zoomIn: here.texts.zoomIn,
      zoomOut: here.texts.zoomOut,
      showAll: here.texts.showAll,
      arabic: options.arabic,
      onPlace: (at, pole) => this.#takePlace(at, pole),
    });
    this.#direction = element(
      "select",
      {},
      element("option", { value: "" }, texts.notKnown),
      ...DIRECTIONS_DEG.map((degrees, i) =>
        element("option", { value: String(degrees) }, texts.directions[i] ?? String(degrees)),
      ),
    );
    const kinds = KINDS.map((kind) => {
      const input = element("input", { type: "radio", name: "kind", value: kind });
      input.addEventListener("change", () => {
        this.#draft.kind = kind;
        setText(this.#problem, "");
        this.#changed();
      });
      return [input, element("label", {}, input, element("span", {}, texts.kinds[kind]))] as const;
    });
    this.#kinds = kinds.map(([input]) => input);
    const label = (text: string, field: HTMLElement): HTMLElement =>
      element("label", {}, text, field);
    const replaces = label(texts.replaces, this.#replaces);
    const pole = label(texts.pole, this.#pole);
    const mounting = element(
      "div",
      { class: "two" },
      label(texts.height, this.#height),
      label(texts.direction, this.#direction),
    );
    this.#takeIt = this.#button(texts.takePosition, () => this.#locate());
    const place = element(
      "div",
      { class: "place-part" },
      element("p", { class: "label-text" }, texts.position),
      this.#takeIt,
      this.#position,
      this.#map.root,
      element("p", { class: "note" }, texts.mapNote),
    );
    this.#despiteLabel = label(texts.despite, this.#despite);
    this.#forKind = [
      [replaces, ["replace"]],
      [pole, ["accept", "replace"]],
      [mounting, ["accept", "replace"]],
      [place, ["accept", "replace"]],
    ];
    const form = element(
      "form",
      { class: "visit", novalidate: "" },
      element(
        "fieldset",
        { class: "layers kinds" },
        element("legend", { class: "visually-hidden" }, texts.whatYouDo),
        ...kinds.map(([, one]) => one),
      ),
      replaces,
      pole,
      mounting,
      place,
      this.#photoPart(),
      label(texts.note, this.#note),
      this.#despiteLabel,
      element("div", { class: "accept" }, this.#open, this.#problem, this.#submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#accept();
    });
    form.addEventListener("input", () => this.#readFields());
    this.#replaces.addEventListener("change", () => void this.#takeOverPlace());
    this.#pole.addEventListener("change", () => this.#takePole());
    this.root = element("section", { class: "panel", "aria-label": texts.title }, form);
    void this.#load();
  }

  /** Takes streets and poles. */
  setMap(map: MapAnswer): void {
    this.#map.setMap(map);
    this.#poles = new Map(
      map.features.flatMap(({ properties, geometry }) => {
        if (properties.kind !== "pole" || geometry.type !== "Point") return [];
        const [lon, lat] = geometry.coordinates;
        return [[properties.pole, { lat, lon, node: properties.node }] as const];
      }),
    );
    this.#showPin();
  }

  /** Takes the node as it is now, and its checks. */
  setNode(view: NodeHistory | undefined, checks: readonly FieldCheck[] | undefined): void {
    const placed = this.#view === undefined && view?.place !== undefined;
    this.#view = view;
    if (placed && this.#draft.pole === "") this.#copyPlace(view.place);
    this.#showChecks(checks);
  }

  recolor(): void {
    this.#map.recolor();
  }

  destroy(): void {
    // What was typed a moment ago is kept as well.
    if (this.#saving !== undefined) void this.#save();
    this.#map.destroy();
  }

  async #load(): Promise<void> {
    this.#draft = (await this.#options.store.draft(this.#options.node)) ?? this.#draft;
    this.#writeFields();
    if (this.#draft.pole === "") this.#copyPlace(this.#view?.place);
  }

  #readFields(): void {
    Object.assign(this.#draft, {
      pole: this.#pole.value,
      replaces: this.#replaces.value,
      heightM: this.#height.value,
      directionDeg: this.#direction.value,
      note: this.#note.value,
      despite: this.#despite.value,
    } satisfies Partial<Draft>);
    this.#changed();
  }

  #writeFields(): void {
    const draft = this.#draft;
    this.#pole.value = draft.pole;
    this.#replaces.value = draft.replaces;
    this.#height.value = draft.heightM;
    this.#direction.value = draft.directionDeg;
    this.#note.value = draft.note;
    this.#despite.value = draft.despite;
    this.#showPhoto();
    this.#showPin();
    this.#showKind();
  }

  #changed(): void {
    this.#showKind();
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => void this.#save(), SAVE_MS);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    await this.#options.store.saveDraft(this.#draft);
  }

  #showKind(): void {
    const { kind } = this.#draft;
    for (const input of this.#kinds) input.checked = input.value === kind;
    for (const [part, kinds] of this.#forKind) part.hidden = !kinds.includes(kind);
    setText(this.#submit, this.#options.texts.submit[kind]);
    this.#showChecks(this.#options.checks());
  }

  /** What has not passed, and the field for why it is accepted all the same. */
  #showChecks(checks: readonly FieldCheck[] | undefined): void {
    const { texts, here } = this.#options;
    const open = checks?.filter(({ state }) => state !== "pass").length;
    const matters = this.#draft.kind !== "take-down" && open !== 0;
    this.#despiteLabel.hidden = !matters;
    this.#open.hidden = this.#draft.kind === "take-down";
    setText(
      this.#open,
      open === undefined
        ? texts.checksUnknown
        : open === 0
          ? texts.allPassed
          : fill(here.format.plural(texts.openChecks, open), { n: here.format.number(open) }),
    );
    this.#open.classList.toggle("good", open === 0);
  }

  #photoPart(): HTMLElement {
    const { texts } = this.#options;
    const input = element("input", {
      type: "file",
      accept: "image/*",
      capture: "environment",
      class: "visually-hidden",
    });
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (!file) return;
      shrinkPhoto(file)
        .then((photo) => {
          this.#draft.photo = photo;
          this.#showPhoto();
          this.#changed();
        })
        .catch(() => setText(this.#problem, texts.badPhoto));
      input.value = "";
    });
    return element(
      "div",
      { class: "photo-part" },
      element("label", { class: "button-like" }, texts.takePhoto, input),
      this.#photo,
    );
  }

  #showPhoto(): void {
    const { photo } = this.#draft;
    const { texts } = this.#options;
    if (photo === undefined) return this.#photo.replaceChildren();
    const remove = this.#button(texts.removePhoto, () => {
      this.#draft.photo = undefined;
      this.#showPhoto();
      this.#changed();
    });
    this.#photo.replaceChildren(
      element("img", { src: `data:image/jpeg;base64,${photo}`, alt: texts.photoAlt }),
      remove,
    );
  }

  #locate(): void {
    const { texts } = this.#options;
    setText(this.#position, texts.locating);
    navigator.geolocation.getCurrentPosition(
      ({ coords: { latitude: lat, longitude: lon, accuracy } }) => {
        Object.assign(this.#draft, { lat, lon, accuracyM: Math.round(accuracy) });
        this.#showPin();
        this.#changed();
      },
      () => setText(this.#position, texts.noPosition),
      { enableHighAccuracy: true, timeout: POSITION_TIMEOUT_MS, maximumAge: 0 },
    );
  }

  #takePlace({ lat, lon }: { lat: number; lon: number }, pole: string | undefined): void {
    Object.assign(this.#draft, { lat, lon, accuracyM: undefined });
    if (pole !== undefined && this.#draft.pole === "") this.#pole.value = this.#draft.pole = pole;
    this.#showPin(false);
    this.#changed();
  }

  /** A pole that the city's map has is where the map has it, unless the crew said otherwise. */
  #takePole(): void {
    const found = this.#poles.get(this.#pole.value.trim());
    if (!found || this.#draft.lat !== undefined) return;
    Object.assign(this.#draft, { lat: found.lat, lon: found.lon, accuracyM: undefined });
    this.#showPin();
    this.#changed();
  }

  /** The new node takes the place of the old one. */
  async #takeOverPlace(): Promise<void> {
    const old = nodeIn(this.#replaces.value);
    if (old === undefined) return;
    try {
      this.#copyPlace(await this.#options.placeOf(old));
      this.#changed();
    } catch (problem) {
      if (!(problem instanceof RequestProblem)) throw problem;
      // Then the crew enters it.
    }
  }

  #copyPlace(place: NodeView["place"]): void {
    if (!place) return;
    Object.assign(this.#draft, {
      pole: place.pole,
      lat: place.lat,
      lon: place.lon,
      accuracyM: undefined,
      heightM: place.heightM === undefined ? "" : String(place.heightM),
      directionDeg: place.directionDeg === undefined ? "" : String(place.directionDeg),
    } satisfies Partial<Draft>);
    this.#writeFields();
  }

  #showPin(show = true): void {
    const { lat, lon, accuracyM } = this.#draft;
    const { texts, here } = this.#options;
    if (lat === undefined || lon === undefined) {
      this.#map.setPin(undefined);
      return setText(this.#position, texts.positionMissing);
    }
    this.#map.setPin({ lat, lon, accuracyM }, show);
    const at = `${here.format.number(lat, 5)} / ${here.format.number(lon, 5)}`;
    setText(
      this.#position,
      accuracyM === undefined
        ? fill(texts.positionOnMap, { at: `\u2066${at}\u2069` })
        : fill(texts.positionByPhone, {
            at: `\u2066${at}\u2069`,
            accuracy: here.format.value(accuracyM, "m", 0),
          }),
    );
  }

  async #accept(): Promise<void> {
    const { store, texts, queued } = this.#options;
    const checks = this.#options.checks();
    const visit = this.#visit(checks);
    if (visit instanceof Missing) {
      setText(this.#problem, visit.text);
      // Where to go on, on a screen that shows a quarter of the form, and clear of the bar below it.
      visit.field.focus({ preventScroll: true });
      visit.field.scrollIntoView({ block: "center" });
      return;
    }
    setText(this.#problem, "");
    this.#submit.disabled = true;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    try {
      await store.enqueue(visit);
      queued();
    } catch {
      this.#submit.disabled = false;
      setText(this.#problem, texts.notKept);
    }
  }

  /** The visit as it will be sent, or what is missing. */
  #visit(checks: readonly FieldCheck[] | undefined): VisitRequest | Missing {
    const { texts, here, node, person } = this.#options;
    const enteredBy = person();
    const draft = this.#draft;
    const hangs = draft.kind === "take-down" ? this.#view?.place : undefined;
    const pole = (hangs?.pole ?? draft.pole).trim();
    const lat = hangs?.lat ?? draft.lat;
    const lon = hangs?.lon ?? draft.lon;
    const replaces = nodeIn(draft.replaces);
    const heightM = draft.heightM.trim() === "" ? undefined : parsedNumber(draft.heightM);
    const { missing } = texts;
    if (draft.kind === "replace" && replaces === undefined)
      return new Missing(missing.replaces, this.#replaces);
    if (draft.kind === "take-down" && pole === "") return new Missing(missing.hangs, this.#submit);
    if (pole === "") return new Missing(missing.pole, this.#pole);
    if (heightM !== undefined && !(heightM >= 0 && heightM <= 50))
      return new Missing(missing.height, this.#height);
    if (lat === undefined || lon === undefined) return new Missing(missing.position, this.#takeIt);
    const despite = draft.despite.trim();
    const passed = checks?.every(({ state }) => state === "pass") ?? false;
    if (draft.kind !== "take-down" && !passed && despite === "")
      return new Missing(missing.despite, this.#despite);
    return {
      id: draft.id,
      kind: draft.kind,
      node,
      ...(draft.kind === "replace" && replaces !== undefined ? { replaces } : {}),
      pole,
      lat,
      lon,
      ...(hangs !== undefined || draft.accuracyM === undefined
        ? {}
        : { accuracyM: draft.accuracyM }),
      ...(heightM === undefined ? {} : { heightM }),
      ...(draft.directionDeg === "" ? {} : { directionDeg: Number(draft.directionDeg) }),
      ...(draft.note.trim() === "" ? {} : { note: draft.note.trim() }),
      ...(draft.photo === undefined ? {} : { photo: { data: draft.photo } }),
      ...(passed || despite === "" || draft.kind === "take-down" ? {} : { despite }),
      ...(enteredBy === undefined ? {} : { enteredBy }),
      atMs: Math.round(here.nowMs()),
      checks: (checks ?? [{ name: "online", state: "wait", reason: "no-network" }]).map(
        ({ name, state, reason }) => ({ name, state, ...(reason === undefined ? {} : { reason }) }),
      ),
    };
  }

  #button(text: string, act: () => void): HTMLButtonElement {
    const button = element("button", { type: "button", class: "big" }, text);
    button.addEventListener("click", act);
    return button;
  }
}

function textInput(attributes: Readonly<Record<string, string>>): HTMLInputElement {
  return element("input", { type: "text", ...attributes });
}

/** What keeps a visit from being accepted, and the field that mends it. */
class Missing {
  constructor(
    readonly text: string,
    readonly field: HTMLElement,
  ) {}
}

/** A number with a point or a comma, as phones write it. */
function parsedNumber(text: string): number {
  return Number(text.trim().replace(",", "."));
}
