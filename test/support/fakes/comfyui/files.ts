/** The disk of a machine with ComfyUI: it outlives the process. Paths are `type/subfolder/name`. */
export class EngineFiles {
  readonly #files = new Map<string, Uint8Array>();

  read(type: string, subfolder: string, name: string): Uint8Array | undefined {
    return this.#files.get(pathOf(type, subfolder, name));
  }

  /** Where a picture named in LoadImage lies: `subfolder/name`, or with ` [output]` behind it in another folder. */
  picture(reference: string): Uint8Array | undefined {
    const found = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(reference);
    return this.#files.get(`${found?.[2] ?? 'input'}/${found?.[1] ?? ''}`);
  }

  write(type: string, subfolder: string, name: string, bytes: Uint8Array): void {
    this.#files.set(pathOf(type, subfolder, name), bytes);
  }

  /** An upload: the same bytes keep the name; other bytes get a new one unless they may overwrite. */
  upload(type: string, subfolder: string, name: string, bytes: Uint8Array, overwrite: boolean): string {
    const dot = name.lastIndexOf('.');
    const [stem, ending] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
    let free = name;
    for (let count = 1; !overwrite; count += 1) {
      const there = this.read(type, subfolder, free);
      if (there === undefined || Buffer.from(there).equals(Buffer.from(bytes))) break;
      free = `${stem} (${count})${ending}`;
    }
    this.write(type, subfolder, free, bytes);
    return free;
  }

  /** The next free `name_00001…` below the output folder, for a prefix such as `folder/name`. */
  nextOutput(prefix: string, ending: string): { readonly subfolder: string; readonly filename: string } {
    const slash = prefix.lastIndexOf('/');
    const [subfolder, stem] = slash < 0 ? ['', prefix] : [prefix.slice(0, slash), prefix.slice(slash + 1)];
    for (let count = 1; ; count += 1) {
      const filename = `${stem}_${String(count).padStart(5, '0')}${ending}`;
      if (this.read('output', subfolder, filename) === undefined) return { subfolder, filename };
    }
  }

  /** Names in the root of the input folder: what LoadImage's list shows. */
  inputs(): readonly string[] {
    return [...this.#files.keys()].filter((path) => /^input\/[^/]+$/.test(path)).map((path) => path.slice(6));
  }

  /** How many files there are below one of `input`, `output`, `temp`. */
  count(type: string): number {
    return [...this.#files.keys()].filter((path) => path.startsWith(`${type}/`)).length;
  }

  outputs(): readonly string[] {
    return [...this.#files.keys()].filter((path) => path.startsWith('output/'));
  }
}

function pathOf(type: string, subfolder: string, name: string): string {
  return [type, ...(subfolder === '' ? [] : [subfolder]), name].join('/');
}
