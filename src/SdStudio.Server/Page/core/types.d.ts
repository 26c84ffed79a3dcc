// What the server sends and the page keeps; for the type checker only.
export type Signal<T> = import('../vendor/signals').Signal<T>;
export interface ImageView { id: string; generation_id: string; index_in_batch: number; width: number; height: number; seed: string; url: string; thumbnail_url: string; video?: VideoView; }
export interface VideoView { frames: number; fps: number; seconds: number; format: string; sound: boolean; sheet_url: string; sheet_frames: number; sheet_columns: number; }
export interface Job {
  id: string; type: 'generate' | 'edit' | 'variation' | 'upscale' | 'video'; model: string; prompt: string; negative_prompt: string | null; size: string; seed: string; n: number;
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'cancelled'; progress: number; error: string | null; created_at: number; updated_at: number; completed_at: number | null;
  started_at: number | null; steps: number; cfg_scale: number; sampler: string | null; scheduler: string | null; clip_skip: number; strength: number | null; input_image_path: string | null;
  mask_image_path: string | null; source_image_id: string | null; upscaler: string | null; upscale_factor: number | null; width: number; height: number; priority: number; phase: string | null;
  step: number | null; step_count: number | null; eta: number | null; position: number | null; waiting_for: string | null; generation_time_ms: number | null; image_count: number;
  engine: string | null; adjustments: string[]; cancel_requested: boolean; current_image: number | null; images?: ImageView[];
  grid?: { axes: { field: string; labels: string[] }[]; sheet_url: string };
}
export interface ParameterRow {
  name: string; type: string; minimum: number | null; maximum: number | null; values: string[] | null; default: string | number | boolean | null; model_default: boolean; help: string;
  families: string[] | null; forwarded: boolean; job_types: string[]; infotext_label: string | null;
}
export interface ModelFile { fileName: string; filePath: string; exists: boolean; bytes: number | null; }
export interface Model {
  id: string; name: string; description: string | null; capabilities: string[]; exec_mode: string; status: string; default_size: string; supports_negative_prompt: boolean; quant: string | null;
  license: string | null; fits: string | null; family: string | null; reference_images?: number; makes_videos?: boolean; control_nets?: string[]; identities?: string[]; expected_time?: { seconds: number; measured: boolean; basis: string | null } | null; card?: { preview_url: string | null; notes: string | null; trigger_words: string[] } | null; download_bytes: number | null; pinned: boolean; problem: string | null; huggingface: { repo: string } | null; memory: { ram_bytes: number; vram_bytes: number; measured: boolean };
  fileStatus: { allFilesExist: boolean; files: ModelFile[] }; generation_params: { cfg_scale: number; sample_steps: number; sampling_method: string | null };
}
export interface UpscalerView { id: string; name: string; description: string | null; scale: number; exists: boolean; downloadable: boolean; download_bytes: number | null; license?: string | null; }
export interface Download {
  downloadId: string; model: string; status: string; progress: number; bytes_downloaded: number; total_bytes: number; bytes_per_second: number | null; seconds_left: number | null;
  current_file: string | null; error: string | null;
}
export interface Config {
  model: string | null; authEnabled: boolean; keyValid: boolean; assistant: boolean;
  limits: { max_side: number; max_pixels: number; max_steps: number; max_images: number; max_request_bytes: number };
}
export interface Memory { ram_bytes: number; ram_budget_bytes: number; vram_bytes: number; vram_budget_bytes: number; }
export interface Health { status: string; engine: string | null; engine_commit: string | null; devices: string[]; backend: string | null; backend_reason: string | null; version: string; restarts: number; last_end: { at: string; reason: string } | null; }
export interface ShelfLora {
  name: string; title: string | null; bytes: number; family: string | null; base_model: string | null; fits: boolean | null; problem: string | null; trigger_words: string[];
  tags: { tag: string; count: number }[]; notes: string | null; weight: number | null; license: string | null; author: string | null; preview_url: string | null;
}
export interface Lora { name: string; weight: number; }
export interface Draft { [name: string]: string | boolean | Lora[]; }
export interface Route { name: string; parts: string[]; params: URLSearchParams; }
/** An image as lists have it. */
export interface ListedImage extends ImageView { number?: number; type: string; model: string; prompt: string; starred: boolean; rating: number; tags: string[]; board: string | null; }
export interface Board { id: string; name: string; images: number; cover_image_id: string | null; }
export interface Notice { id: number; text: string; count: number; isError: boolean; action?: { text: string; run: () => void }; }
export interface Stroke { kind: 'stroke'; erases: boolean; size: number; points: [number, number][]; }
export type MaskStep = Stroke | { kind: 'invert' } | { kind: 'clear' } | { kind: 'rectangles'; boxes: [number, number, number, number][] } | { kind: 'image'; image: CanvasImageSource };
