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
    ['镜头从平视逐渐上升，最后俯拍', 'slow', 'tilt-down'],
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

  test('the longest word wins, and what is beyond us is told', () => {
    expect(readPrompt('slow motion', '')).toMatchObject({ timing: 'default', beyond: ['slow motion'] });
    expect(readPrompt('镜头环绕，手持', '')).toMatchObject({ beyond: ['环绕', '手持'] });
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
  test('pictures that correspond decide the camera, and the words are told as ignored', () => {
    const { honoured, ignored } = tellHonestly(readPrompt('a kitten, slowly zoom out, orbit', ''), 'morph', '');
    expect(honoured).toEqual({ motion: 'from_images', camera: 'from_images', timing: 'slow' });
    expect(ignored.join()).toMatch(/"zoom out".*"orbit".*prompt content/);
  });

  test('a transition follows the camera words', () => {
    const { honoured, ignored } = tellHonestly(readPrompt('pan left', ''), 'transition', 'blurry');
    expect(honoured).toMatchObject({ camera: 'pan-left', motion: 'transition' });
    expect(ignored).toEqual([expect.stringContaining('negative_prompt')]);
  });

  test('nothing asked, nothing ignored', () => {
    for (const mode of ['morph', 'camera', 'transition', 'still'] as const) {
      expect(tellHonestly(readPrompt('', ''), mode, '').ignored).toEqual([]);
    }
  });
});
