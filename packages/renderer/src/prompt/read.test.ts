import { describe, expect, test } from 'vitest';
import { readPrompt } from './read.ts';
import { tellHonestly } from './report.ts';

describe('readPrompt', () => {
  test.each([
    ['', 'default', 'zoom-in'],
    ['slowly zoom out', 'slow', 'zoom-out'],
    ['The camera slowly pushes in', 'slow', 'zoom-in'],
    ['fast pan left', 'fast', 'pan-left'],
    ['pan to the right', 'default', 'pan-right'],
    ['Tilt up, then roll.', 'default', 'roll'],
    ['the camera gradually rises from eye level', 'slow', 'tilt-up'],
    ['crane down at constant speed', 'linear', 'tilt-down'],
    ['ease in and out, static shot', 'smooth', 'static'],
    ['speeds up', 'accelerate', 'zoom-in'],
    ['slowing down', 'decelerate', 'zoom-in'],
    ['Suddenly it changes', 'sudden', 'zoom-in'],
    ['镜头缓慢推近', 'slow', 'zoom-in'],
    ['快速拉远', 'fast', 'zoom-out'],
    ['匀速左移', 'linear', 'pan-left'],
    // A rising camera ends above its subject: the move is named first, the view it ends with does not undo it.
    ['镜头从平视逐渐上升，最后俯拍', 'slow', 'tilt-up'],
    ['camera moving up from eye level to top-down', 'default', 'tilt-up'],
    ['top-down shot', 'default', 'tilt-down'],
    ['camera movement to the left', 'default', 'pan-left'],
    ['camera slowly moving closer', 'slow', 'zoom-in'],
    ['the camera stays fixed', 'default', 'static'],
    ['镜头保持固定', 'default', 'static'],
    ['roll', 'default', 'roll'],
    ['镜头旋转', 'default', 'roll'],
    ['推进，缓慢', 'slow', 'zoom-in'],
    ['whip pan', 'sudden', 'pan-right'],
    ['突然旋转', 'sudden', 'roll'],
    ['加速，固定镜头', 'accelerate', 'static'],
    ['由快到慢', 'decelerate', 'zoom-in'],
  ] as const)('"%s" is %s, %s', (prompt, timing, camera) => {
    expect(readPrompt(prompt, '')).toMatchObject({ timing, camera });
  });

  test.each([
    ['no zoom', 'static'],
    ['no zoom, pan left', 'pan-left'],
    ['without any zoom or pan', 'static'],
    ["don't zoom in; tilt up", 'tilt-up'],
    ['no zoom or roll, slowly', 'static'],
    ['不要推镜', 'static'],
    ['不要推镜，左移', 'pan-left'],
    ['禁止旋转，拉远', 'zoom-out'],
    ['固定镜头', 'static'],
    ['no camera movement', 'static'],
    ['不要运镜', 'static'],
    ['no roll', 'zoom-in'],
    ['not too dark. zoom out', 'zoom-out'],
  ] as const)('a refusal is heard: "%s" is %s', (prompt, camera) => {
    expect(readPrompt(prompt, '').camera).toBe(camera);
  });

  test('refused timing words do not count either', () => {
    expect(readPrompt('not fast', '').timing).toBe('default');
    expect(readPrompt('不要快速', '').timing).toBe('default');
    expect(readPrompt('no sudden changes, slowly', '').timing).toBe('slow');
  });

  test('the negative prompt refuses camera words', () => {
    expect(readPrompt('', 'zoom, blurry').camera).toBe('static');
    expect(readPrompt('roll then pan left', 'roll').camera).toBe('pan-left');
    expect(readPrompt('pan left', 'pan left').camera).toBe('zoom-in');
  });

  test('words of the negative prompt are told apart: obeyed, decided by the pictures, or not read', () => {
    expect(readPrompt('quickly', 'fast, zoom, ugly hands')).toMatchObject({
      timing: 'default',
      camera: 'static',
      refusedCamera: ['zoom'],
      refusedRest: ['fast'],
      negativeHasContent: true,
    });
    expect(readPrompt('zoom out', '镜头运动')).toMatchObject({ camera: 'zoom-out', negativeHasContent: false });
    expect(readPrompt('', 'camera movement')).toMatchObject({ camera: 'static', negativeHasContent: false });
    expect(readPrompt('', '推镜').cameraWord).toBeUndefined();
    expect(readPrompt('handheld', 'shaky camera')).toMatchObject({ overlays: [], refusedRest: ['shaky camera'] });
  });

  test.each([
    'a frying pan on the stove',
    'sushi rolls on a plate',
    'she tilts her head',
    '女孩在雨中旋转',
    'static electricity in her hair',
    '剧情推进，猫看向天空',
    'snap of the fingers in a calm sea',
  ])('what is not about the camera moves no camera: "%s"', (prompt) => {
    expect(readPrompt(prompt, '')).toMatchObject({ timing: 'default', camera: 'zoom-in', hasContent: true });
    expect(readPrompt(prompt, '').cameraWord).toBeUndefined();
  });

  test.each([
    ['handheld camera', ['handheld']],
    ['手持拍摄', ['handheld']],
    ['镜头轻微晃动', ['handheld']],
    ['slow breathing zoom', ['breathing']],
    ['画面有呼吸感，手持', ['breathing', 'handheld']],
    ['not handheld', []],
    ['镜头不要晃动', []],
    ['no camera movement, handheld', []],
    ['a wobbly table, shaking with laughter', []],
    ['a dog breathing', []],
  ] as const)('overlays: "%s" is %j', (prompt, overlays) => {
    expect(readPrompt(prompt, '').overlays).toEqual(overlays);
  });

  test('the longest word wins, and what is beyond us is told', () => {
    expect(readPrompt('slow motion', '')).toMatchObject({ timing: 'default', beyond: ['slow motion'] });
    expect(readPrompt('镜头环绕，变焦点', '')).toMatchObject({ beyond: ['环绕', '变焦点'], camera: 'zoom-in' });
  });

  test('knows whether the prompt says more than timing and camera', () => {
    expect(readPrompt('slow zoom in', '').hasContent).toBe(false);
    expect(readPrompt('镜头缓慢推近。', '').hasContent).toBe(false);
    expect(readPrompt('no camera movement', '').hasContent).toBe(false);
    expect(readPrompt('a kitten looks up, slow zoom in', '').hasContent).toBe(true);
    expect(readPrompt('黑色小猫看向天空', '').hasContent).toBe(true);
  });

  test('an endless prompt is read in no time', () => {
    const began = performance.now();
    readPrompt('camera slowly moves no zoom or 不要镜头'.repeat(3_000), '镜头'.repeat(20_000));
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

describe('tellHonestly', () => {
  const tell = (prompt: string, negative: string, mode: Parameters<typeof tellHonestly>[1]) =>
    tellHonestly(readPrompt(prompt, negative), mode);

  test('pictures that correspond decide the camera, and the words are told as ignored', () => {
    for (const mode of ['morph', 'camera'] as const) {
      const { honoured, ignored } = tell('a kitten, slowly zoom out, orbit', '', mode);
      expect(honoured).toEqual({ motion: 'from_images', camera: 'from_images', timing: 'slow' });
      expect(ignored.join()).toMatch(/"zoom out".*"orbit".*prompt content/);
    }
  });

  test('a transition follows the camera words', () => {
    const { honoured, ignored } = tell('pan left', 'blurry', 'transition');
    expect(honoured).toMatchObject({ camera: 'pan-left', motion: 'transition' });
    expect(honoured).not.toHaveProperty('negative_prompt');
    expect(ignored).toEqual([expect.stringContaining('negative_prompt')]);
  });

  test('a negative prompt is honoured where it can be', () => {
    expect(tell('', 'zoom', 'transition')).toEqual({
      honoured: { camera: 'static', motion: 'transition', timing: 'default', negative_prompt: 'zoom' },
      ignored: [],
    });
    expect(tell('', 'zoom, fast', 'morph')).toEqual({
      honoured: { camera: 'from_images', motion: 'from_images', timing: 'default', negative_prompt: 'fast' },
      ignored: ['negative_prompt: "zoom" (the two pictures decide the camera)'],
    });
  });

  test('an overlay is honoured in every mode, a standing picture among them', () => {
    for (const mode of ['morph', 'camera', 'transition', 'still'] as const) {
      expect(tell('handheld, breathing zoom', '', mode)).toMatchObject({
        honoured: { overlay: 'handheld, breathing' },
        ignored: [],
      });
    }
  });

  test('nothing asked, nothing ignored', () => {
    for (const mode of ['morph', 'camera', 'transition', 'still'] as const) {
      expect(tell('', '', mode).ignored).toEqual([]);
    }
  });
});
