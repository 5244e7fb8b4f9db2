/**
 * Reads TypeScript source as far as the architecture test needs it: what is code, what a string says, who is imported.
 * Not a parser: a scanner that knows comments, strings, templates and regular expressions, so that words inside them are
 * never taken for code.
 */

/** One import, export-from, dynamic import or `import()` type. */
export interface Import {
  readonly specifier: string;
  /** Leaves nothing behind at run time. */
  readonly typeOnly: boolean;
  /** Loaded with the file itself, not by a call in it. */
  readonly atOnce: boolean;
}

export interface SourceText {
  /** The source without comments; each string is `"<index>"`, each regular expression `/0/`. */
  readonly code: string;
  readonly strings: readonly string[];
}

/** After one of these a `/` begins a regular expression; after a name, a number or a closing bracket it divides. */
const BEFORE_REGEX = /(?:^|[=([{,;:!&|?+\-*%<>~^}]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/;

export function readSource(source: string): SourceText {
  const strings: string[] = [];
  let code = '';
  let at = 0;

  const keep = (text: string) => {
    strings.push(text);
    code += `"${strings.length - 1}"`;
  };

  /** Scans code until the end, or until the bracket that closes a template's `${`. */
  function scanCode(inTemplate: boolean): void {
    let depth = 0;
    while (at < source.length) {
      const here = source.charAt(at);
      const two = source.slice(at, at + 2);
      if (two === '//') {
        const end = source.indexOf('\n', at);
        at = end < 0 ? source.length : end;
      } else if (two === '/*') {
        const end = source.indexOf('*/', at + 2);
        at = end < 0 ? source.length : end + 2;
        code += ' ';
      } else if (here === "'" || here === '"') {
        keep(scanQuoted(here));
      } else if (here === '`') {
        scanTemplate();
      } else if (here === '/' && BEFORE_REGEX.test(code.slice(-40))) {
        scanRegex();
      } else {
        if (here === '{') depth += 1;
        if (here === '}') {
          if (inTemplate && depth === 0) return;
          depth -= 1;
        }
        code += here;
        at += 1;
      }
    }
  }

  function scanQuoted(quote: string): string {
    let text = '';
    for (at += 1; at < source.length; at += 1) {
      const here = source.charAt(at);
      if (here === quote || here === '\n') break;
      if (here === '\\') {
        at += 1;
        text += source.charAt(at);
      } else text += here;
    }
    at += 1;
    return text;
  }

  function scanTemplate(): void {
    let text = '';
    at += 1;
    while (at < source.length && source.charAt(at) !== '`') {
      if (source.charAt(at) === '\\') {
        text += source.slice(at, at + 2);
        at += 2;
      } else if (source.slice(at, at + 2) === '${') {
        keep(text);
        text = '';
        code += ' + (';
        at += 2;
        scanCode(true);
        code += ') + ';
        at += 1;
      } else {
        text += source.charAt(at);
        at += 1;
      }
    }
    at += 1;
    keep(text);
  }

  function scanRegex(): void {
    let inClass = false;
    for (at += 1; at < source.length; at += 1) {
      const here = source.charAt(at);
      if (here === '\\') at += 1;
      else if (here === '[') inClass = true;
      else if (here === ']') inClass = false;
      else if ((here === '/' && !inClass) || here === '\n') break;
    }
    at += 1;
    while (/[a-z]/.test(source.charAt(at))) at += 1;
    code += '/0/';
  }

  scanCode(false);
  return { code, strings };
}

const STATIC = /\b(?:import|export)\s+([\w*${}\s,]*?)\s*\bfrom\s*"(\d+)"/g;
const BARE = /\bimport\s*"(\d+)"/g;
const CALLED = /(\btypeof\s+)?\bimport\s*\(\s*"(\d+)"/g;

/** Everything a source imports, in the order of the three spellings. */
export function importsOf({ code, strings }: SourceText): readonly Import[] {
  const found: Import[] = [];
  const add = (index: string | undefined, typeOnly: boolean, atOnce = !typeOnly) => {
    const specifier = strings[Number(index)];
    if (specifier !== undefined) found.push({ specifier, typeOnly, atOnce });
  };
  for (const [, names, index] of code.matchAll(STATIC)) add(index, isTypeOnly(names ?? ''));
  for (const [, index] of code.matchAll(BARE)) add(index, false);
  for (const match of code.matchAll(CALLED)) add(match[2], isImportType(code, match), false);
  return found;
}

/** `import type { A }`, or `import { type A, type B }`. */
function isTypeOnly(names: string): boolean {
  if (/^type\b/.test(names.trim())) return true;
  const braces = /^\{([^}]*)\}$/.exec(names.trim());
  if (braces === null) return false;
  const parts = (braces[1] ?? '').split(',').filter((part) => part.trim() !== '');
  return parts.length > 0 && parts.every((part) => /^\s*type\s/.test(part));
}

/** `import('x').Name` where a type stands: behind `:`, `<`, `|`, `&`, `typeof` or `type A =`, and never awaited. */
function isImportType(code: string, match: RegExpMatchArray): boolean {
  if (match[1] !== undefined) return true;
  const before = code.slice(0, match.index).trimEnd();
  return /(?:[:<|&]|\btype\s+\w+(?:<[^=]*>)?\s*=)$/.test(before) && !before.endsWith('?:');
}

/** Names that stand in code, each once; words in strings, comments and regular expressions are not names. */
export function namesIn({ code }: SourceText): ReadonlySet<string> {
  return new Set(code.match(/[A-Za-z_$][\w$]*/g) ?? []);
}

/** The words of a name: `ErrorCode`, `error_code`, `error-code` and `ERROR_CODE` are all error, code. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
