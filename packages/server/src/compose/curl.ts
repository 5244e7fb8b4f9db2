/** The API page's own request, with frames that ship with the server, as a line that works when pasted. */
export function exampleCurl(url: string, key: string): string {
  const body = {
    model: 'wan2.2-kf2v-flash',
    images: ['sample_first', 'sample_last'],
    prompt: 'The camera moves slowly towards the subject',
    seconds: '5',
    size: '720P',
    prompt_extend: true,
  };
  return [
    `curl --request POST --url ${url}/v1/videos \\`,
    `  --header "Authorization: Bearer ${key}" \\`,
    `  --header 'Content-Type: application/json' \\`,
    `  --data '${JSON.stringify(body, null, 2)}'`,
  ].join('\n');
}
