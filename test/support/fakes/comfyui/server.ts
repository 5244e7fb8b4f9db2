import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { type Asked, type Door, FakeServer, fileReply, formOf, jsonOf, type Reply } from '../fake-server.ts';
import { clientOf, Engine } from './engine.ts';
import { EngineFiles } from './files.ts';
import { type Models, nodeClasses, showClass } from './nodes.ts';
import { showItem, showJob, showPast, showSystem } from './show.ts';
import { type Graph, type Installation, validateGraph } from './validate.ts';
import { traitsOf } from './versions.ts';

export interface FakeComfyuiOptions {
  /** `0.3.64` is an old one, `0.33.0` a new one. */
  readonly version?: string;
  /** How long one sampler step takes. */
  readonly stepMs?: number;
  readonly door?: Door;
  readonly models?: Partial<Models>;
  /** With the custom nodes people use in graphs of their own. */
  readonly custom?: boolean;
  /** Node classes that are not there. */
  readonly without?: readonly string[];
  /** As with `--disable-metadata`. */
  readonly embedsPrompt?: boolean;
}

/** All files of the official graphs, under their official names. */
export const OFFICIAL_MODELS: Models = {
  diffusion_models: [
    'wan2.1_flf2v_720p_14B_fp16.safetensors',
    'wan2.1_fun_inp_1.3B_bf16.safetensors',
    'wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors',
    'wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors',
  ],
  text_encoders: ['umt5_xxl_fp8_e4m3fn_scaled.safetensors'],
  vae: ['wan_2.1_vae.safetensors', 'wan2.2_vae.safetensors'],
  clip_vision: ['clip_vision_h.safetensors'],
  loras: [
    'wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors',
    'wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors',
  ],
  unet_gguf: ['Wan2.2-I2V-A14B-HighNoise-Q4_K_M.gguf', 'Wan2.2-I2V-A14B-LowNoise-Q4_K_M.gguf'],
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * A ComfyUI over real HTTP and WebSocket that computes nothing but a dissolve: its API, its checks, its queue, the order
 * of its events, its cache and what is left of it after a crash are those of ComfyUI.
 */
export class FakeComfyui {
  readonly http: FakeServer;
  readonly engine: Engine;
  readonly files = new EngineFiles();
  readonly version: string;
  /** May be changed while it runs, as people put files into folders. */
  models: Models;
  /** Hears of each upload and of each call to free memory, before it is answered. */
  onUpload: (() => void) | undefined;
  onFree: (() => void) | undefined;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #upgrades = new WebSocketServer({ noServer: true });
  readonly #traits;
  readonly #classes;

  constructor(options: FakeComfyuiOptions = {}) {
    this.version = options.version ?? '0.33.0';
    this.models = { ...OFFICIAL_MODELS, ...options.models };
    this.#traits = traitsOf(this.version);
    this.#classes = nodeClasses({ custom: options.custom ?? false, without: options.without ?? [] });
    this.http = new FakeServer({
      answer: (asked) => this.#answer(asked),
      upgrade: (request, socket, head) =>
        this.#upgrades.handleUpgrade(request, socket, head, (ws) => this.#join(request, ws)),
      door: options.door,
    });
    this.engine = new Engine({
      files: this.files,
      stepMs: options.stepMs ?? 2,
      embedsPrompt: options.embedsPrompt ?? true,
      hasProgressState: this.#traits.ownIds,
      tell: (client, type, facts) => this.#tell(client, type, facts),
      preview: (client) => {
        const head = Buffer.alloc(8);
        head.writeUInt32BE(1, 0);
        head.writeUInt32BE(1, 4);
        this.#sockets.get(client)?.send(Buffer.concat([head, Buffer.from('not really a JPEG')]));
      },
    });
  }

  get url(): string {
    return this.http.url;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  /** `kill -9`: sockets break, memory is gone, files stay. `start` brings it back at the same address. */
  async kill(): Promise<void> {
    this.engine.die();
    this.#sockets.clear();
    await this.http.kill();
  }

  /** Breaks every WebSocket and nothing else. */
  dropSockets(): void {
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  #join(request: IncomingMessage, ws: WebSocket): void {
    const client = new URL(request.url ?? '', 'http://fake').searchParams.get('clientId') ?? randomUUID();
    // Another socket of the same client takes the place of the first.
    this.#sockets.set(client, ws);
    ws.on('error', () => {});
    ws.on('close', () => {
      if (this.#sockets.get(client) === ws) this.#sockets.delete(client);
    });
    ws.on('message', (data) => {
      const said = jsonOf(Buffer.from(data as Buffer)) as { type?: string } | undefined;
      if (said?.type === 'feature_flags') send(ws, 'feature_flags', this.#features());
    });
    send(ws, 'status', { status: { exec_info: { queue_remaining: this.engine.remaining } }, sid: client });
    const { running } = this.engine;
    // Who comes back in the middle is told where things stand, without the prompt's id.
    if (running !== undefined && clientOf(running) === client) send(ws, 'executing', { node: '0' });
  }

  #tell(client: string | null, type: string, facts: object): void {
    const sockets = client === null ? [...this.#sockets.values()] : [this.#sockets.get(client)];
    for (const socket of sockets) if (socket?.readyState === WebSocket.OPEN) send(socket, type, facts);
  }

  #features(): object {
    return { supports_preview_metadata: true, max_upload_size: 100 << 20 };
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const { method, headers, query } = asked;
    if (!this.#allowsOrigin(headers)) return { status: 403 };
    const path = asked.path.startsWith('/api/') ? asked.path.slice(4) : asked.path;
    const job = /^\/jobs\/([^/]+)(\/cancel)?$/.exec(path);
    const [, id = '', cancel] = job ?? [];
    const found = /^\/(history|object_info|models)\/([^/]+)$/.exec(path);
    switch (`${method} ${found === null ? (job === null ? path : '/jobs') : `/${found[1]}`}`) {
      case 'POST /upload/image':
        return this.#upload(asked);
      case 'POST /prompt':
        return this.#prompt(asked);
      case 'GET /prompt':
        return { body: { exec_info: { queue_remaining: this.engine.remaining } } };
      case 'GET /queue':
        return {
          body: {
            queue_running: this.engine.running === undefined ? [] : [showItem(this.engine.running)],
            queue_pending: this.engine.pending.map(showItem),
          },
        };
      case 'POST /queue': {
        const { delete: ids = [] } = (jsonOf(asked.body) ?? {}) as { delete?: string[] };
        for (const each of ids) this.engine.remove(each);
        return {};
      }
      case 'POST /interrupt': {
        const { prompt_id: target } = (jsonOf(asked.body) ?? {}) as { prompt_id?: string };
        const { running } = this.engine;
        const isTarget = !this.#traits.targetedInterrupt || target === undefined || running?.id === target;
        if (isTarget && running !== undefined) this.engine.interrupt();
        return {};
      }
      case 'GET /history': {
        const past = [...this.engine.history].filter(([each]) => found === null || each === found[2]);
        return { body: Object.fromEntries(past.map(([each, one]) => [each, showPast(one)])) };
      }
      case 'POST /history': {
        const { clear = false, delete: ids = [] } = (jsonOf(asked.body) ?? {}) as {
          clear?: boolean;
          delete?: string[];
        };
        if (clear) this.engine.history.clear();
        for (const each of ids) this.engine.history.delete(each);
        return {};
      }
      case 'GET /jobs': {
        if (!this.#traits.jobs || !asked.path.startsWith('/api/')) return { status: 404, body: '404: Not Found' };
        const shown = showJob(this.engine, id, this.#traits);
        return shown === undefined ? { status: 404, body: { error: 'Job not found' } } : { body: shown };
      }
      case 'POST /jobs': {
        if (!this.#traits.jobCancel || cancel === undefined) return { status: 405, body: '405: Method Not Allowed' };
        const running = this.engine.running?.id === id;
        if (running) this.engine.interrupt();
        return { body: { cancelled: running || this.engine.remove(id) } };
      }
      case 'GET /view': {
        const [name, subfolder, type] = ['filename', 'subfolder', 'type'].map((key) => query.get(key) ?? '');
        const file = this.files.read(type || 'output', subfolder ?? '', name ?? '');
        const kind = /\.mp4$/.test(name ?? '') ? 'video/mp4' : 'image/png';
        return file === undefined ? { status: 404 } : fileReply(file, kind, headers);
      }
      case 'GET /object_info': {
        const wanted = found === null ? [...this.#classes.keys()] : [found[2] ?? ''];
        const shown = wanted.flatMap((name) => {
          const one = this.#classes.get(name);
          if (one === undefined) return [];
          return [[name, showClass(one, this.models, this.files.inputs(), this.#traits.dynamicCombos)] as const];
        });
        return { body: Object.fromEntries(shown) };
      }
      case 'GET /models': {
        const files = (this.models as Readonly<Record<string, readonly string[]>>)[found?.[2] ?? ''];
        return files === undefined ? { status: 404 } : { body: files };
      }
      case 'GET /system_stats':
        return { body: showSystem(this.version) };
      case 'GET /features':
        return { body: this.#features() };
      case 'POST /free':
        this.onFree?.();
        this.engine.freed += 1;
        return {};
      default:
        return { status: 404, body: '404: Not Found' };
    }
  }

  /** A browser's page of another place may not use a ComfyUI on this machine. */
  #allowsOrigin(headers: Asked['headers']): boolean {
    if (this.#traits.siteCheck && headers['sec-fetch-site'] === 'cross-site') return false;
    const { host = '', origin } = headers;
    if (origin === undefined || !/^(127\.|localhost|\[::1\])/.test(host)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  async #upload(asked: Asked): Promise<Reply> {
    this.onUpload?.();
    const form = await formOf(asked);
    const image = form?.get('image');
    if (!(image instanceof File) || image.name === '') return { status: 400 };
    const field = (name: string, preset: string) => String(form?.get(name) ?? preset);
    const [type, subfolder] = [field('type', 'input'), field('subfolder', '')];
    if (`${subfolder}/${image.name}`.split('/').includes('..')) return { status: 400 };
    const overwrite = ['true', '1'].includes(field('overwrite', ''));
    const bytes = new Uint8Array(await image.arrayBuffer());
    return { body: { name: this.files.upload(type, subfolder, image.name, bytes, overwrite), subfolder, type } };
  }

  #prompt({ body }: Asked): Reply {
    const posted = jsonOf(body) as Record<string, unknown> | undefined;
    if (posted === undefined) return { status: 500, body: '500 Internal Server Error\n\nServer got itself in trouble' };
    const graph = posted['prompt'] as Graph | undefined;
    if (graph === undefined) {
      const error = { type: 'no_prompt', message: 'No prompt provided', details: 'No prompt provided', extra_info: {} };
      return { status: 400, body: { error, node_errors: {} } };
    }
    const wanted = this.#traits.ownIds ? posted['prompt_id'] : undefined;
    if (wanted !== undefined && this.#traits.uuidOnly && !UUID.test(String(wanted))) {
      const message = 'prompt_id must be a canonical UUID';
      const error = { type: 'invalid_prompt_id', message, details: String(wanted), extra_info: {} };
      return { status: 400, body: { error, node_errors: {} } };
    }
    const installation: Installation = {
      classes: this.#classes,
      models: this.models,
      traits: this.#traits,
      pictures: () => this.files.inputs(),
      hasPicture: (name) => this.files.picture(name) !== undefined,
    };
    const { outputs, error, nodeErrors } = validateGraph(graph, installation);
    if (error !== null) return { status: 400, body: { error, node_errors: nodeErrors } };
    const extra = { ...((posted['extra_data'] as object | undefined) ?? {}) } as Record<string, unknown>;
    if (posted['client_id'] !== undefined) extra['client_id'] = posted['client_id'];
    const id = String(wanted ?? randomUUID());
    const { number } = this.engine.add(id, graph, extra, outputs, posted['front'] === true);
    return { body: { prompt_id: id, number, node_errors: nodeErrors } };
  }
}

function send(socket: WebSocket, type: string, facts: object): void {
  socket.send(JSON.stringify({ type, data: facts }));
}

/** A fake ComfyUI that already listens. */
export async function startFakeComfyui(options?: FakeComfyuiOptions): Promise<FakeComfyui> {
  const fake = new FakeComfyui(options);
  await fake.start();
  return fake;
}
