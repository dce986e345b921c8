/**
 * The live camera: painted as fast as the device can. Style, blend and sliders work while it runs;
 * the resolution follows the time that a frame takes.
 */
import type { StylizeEngine } from "../engine/index.ts";
import { save } from "./files.ts";
import { controlsOf, type Look } from "./look.ts";
import { button, complain, make, text } from "./page.ts";
import type { Styles } from "./styles.ts";

const SIDES_PX = [128, 160, 192, 224, 256, 320, 384, 448, 512];
const FRAME_MS = 66; // 15 frames a second

export class Live {
  readonly element: HTMLElement;
  private readonly video: HTMLVideoElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly note: HTMLElement;
  private readonly start: HTMLButtonElement;
  private readonly running: HTMLElement;
  private readonly recordButton: HTMLButtonElement;
  private stream: MediaStream | null = null;
  private recorder: MediaRecorder | null = null;
  private level = 2;
  private spare = 0;

  /**
   * @param look What it is to be painted in, asked for at every frame.
   * @param use Called with a snapshot that is to become the picture of the page.
   */
  constructor(private readonly engine: Promise<StylizeEngine>, private readonly look: () => Look, private readonly styles: Styles, use: (photo: File) => void) {
    this.video = make("video", { playsinline: true, hidden: true });
    this.video.muted = true;
    this.canvas = make("canvas", { class: "st-live-canvas", width: 16, height: 12, role: "img", "aria-label": text("after_alt") });
    this.note = make("span", { class: "st-note", role: "status" });
    this.start = button("camera", "live_start", () => void this.open(), { words: true, class: "st-button st-primary" });
    this.recordButton = button("full", "live_record", () => this.record(), { words: true });
    this.running = make("div", { class: "st-bar", role: "toolbar", "aria-label": text("live"), hidden: true }, this.note,
      button("close", "live_stop", () => this.close(), { words: true }),
      this.recordButton,
      button("reuse", "use_as_content", () => void this.photograph().then((file) => { this.close(); use(file); }), { words: true }),
      button("download", "live_snapshot", () => void this.snapshot(), { words: true, class: "st-button st-primary" }));
    this.recordButton.hidden = !("MediaRecorder" in window);
    const empty = make("div", { class: "st-empty" }, make("p", { class: "st-empty-title" }, text("live_title")), make("p", {}, text("live_hint")), this.start);
    this.element = make("div", { class: "st-viewer st-live" }, make("div", { class: "st-frame" }, empty, this.canvas), this.running, this.video);
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.close(); });
    window.addEventListener("pagehide", () => this.close());
  }

  /** The tab came into sight, or left it: then the camera's light goes off. */
  shown(on: boolean): void {
    if (!on) this.close();
  }

  private async open(): Promise<void> {
    if (this.stream) return;
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotAllowedError");
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 640 } } });
      if (!this.element.checkVisibility()) { stop(stream); return; }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      this.element.classList.add("st-on");
      this.running.hidden = false;
      await this.loop(stream);
    } catch (error) {
      const refused = error instanceof DOMException && error.name !== "AbortError";
      if (this.stream || refused) complain(refused ? new Error(text("camera_refused")) : error);
      this.close();
    }
  }

  close(): void {
    this.recorder?.stop();
    if (this.stream) stop(this.stream);
    this.stream = this.video.srcObject = null;
    this.element.classList.remove("st-on");
    this.running.hidden = true;
  }

  private async loop(stream: MediaStream): Promise<void> {
    const engine = await this.engine;
    let [frames, since] = [0, performance.now()];
    while (this.stream === stream) {
      const begun = performance.now();
      const look = this.look();
      const side = SIDES_PX[this.level]!;
      const painted = await engine.paintFrame(this.frame(side), this.styles.blend(look.styles), controlsOf(look));
      if (this.stream !== stream) return;
      this.draw(painted);
      this.adapt(performance.now() - begun);
      frames++;
      if (performance.now() - since > 1000) {
        const rate = Math.round((1000 * frames) / (performance.now() - since));
        this.note.textContent = text("live_rate", { rate, width: painted.width, height: painted.height });
        [frames, since] = [0, performance.now()];
      }
      await new Promise(requestAnimationFrame);
    }
  }

  /** The present frame, mirrored as in a mirror, with a longer side. */
  private frame(side: number): ImageData {
    const { videoWidth, videoHeight } = this.video;
    const scale = side / Math.max(videoWidth, videoHeight);
    const canvas = new OffscreenCanvas(Math.round(videoWidth * scale), Math.round(videoHeight * scale));
    const pen = canvas.getContext("2d", { willReadFrequently: true })!;
    pen.translate(canvas.width, 0);
    pen.scale(-1, 1);
    pen.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  private draw(painted: ImageData): void {
    if (this.canvas.width !== painted.width) Object.assign(this.canvas, { width: painted.width, height: painted.height });
    this.canvas.getContext("2d")!.putImageData(painted, 0, 0);
  }

  /** A size smaller as soon as frames take too long, a size larger after a while of spare time. */
  private adapt(elapsedMs: number): void {
    if (elapsedMs > 1.15 * FRAME_MS) { this.level = Math.max(0, this.level - 1); this.spare = 0; }
    else if (elapsedMs < 0.65 * FRAME_MS) this.spare++;
    else this.spare = 0;
    if (this.spare > 12) { this.level = Math.min(SIDES_PX.length - 1, this.level + 1); this.spare = 0; }
  }

  /** The present frame as a file, unpainted, in the camera's own size. */
  private async photograph(): Promise<File> {
    const canvas = new OffscreenCanvas(this.video.videoWidth, this.video.videoHeight);
    const pen = canvas.getContext("2d")!;
    pen.translate(canvas.width, 0);
    pen.scale(-1, 1);
    pen.drawImage(this.video, 0, 0);
    return new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })], "photo.jpg", { type: "image/jpeg" });
  }

  /** Paint the present frame in the camera's own size and save it. */
  private async snapshot(): Promise<void> {
    try {
      const [engine, photo, look] = [await this.engine, await this.photograph(), this.look()];
      const painted = await engine.stylize(photo, this.styles.blend(look.styles), controlsOf(look));
      const canvas = new OffscreenCanvas(painted.width, painted.height);
      canvas.getContext("2d")!.putImageData(painted, 0, 0);
      save(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }), "snapshot.jpg");
    } catch (error) {
      complain(error);
    }
  }

  /** Begin to record what is painted, or end it and save it. */
  private record(): void {
    if (this.recorder) { this.recorder.stop(); return; }
    const parts: Blob[] = [];
    const recorder = (this.recorder = new MediaRecorder(this.canvas.captureStream(30)));
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => {
      this.recorder = null;
      this.recordButton.setAttribute("aria-pressed", "false");
      const type = recorder.mimeType.split(";")[0] || "video/webm";
      save(new Blob(parts, { type }), `video.${type.split("/")[1]}`);
    };
    recorder.start();
    this.recordButton.setAttribute("aria-pressed", "true");
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
