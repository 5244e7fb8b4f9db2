/**
 * The words of the watermark: "AI生成", or "AI generated" when the prompt is not empty and has no Han character
 * (the label has to be read by those who read the prompt).
 */
export function watermarkText(prompt: string): string {
  return prompt.trim() !== '' && !/\p{Script=Han}/u.test(prompt) ? 'AI generated' : 'AI生成';
}
