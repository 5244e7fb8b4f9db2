import { InbetweenError } from './error.ts';

/** @throws InbetweenError when something in between answered instead of the server */
export async function read<T>({ response }: { readonly response: Response }): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new InbetweenError('The answer is not the JSON that was expected.', {
      status: response.status,
      code: 'invalid_answer',
      requestId: response.headers.get('x-request-id') ?? undefined,
      cause,
    });
  }
}

/** `?a=1&b=2` of what is given, or nothing. */
export function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
