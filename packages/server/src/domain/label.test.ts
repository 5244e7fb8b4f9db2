import { describe, expect, it } from 'vitest';
import { aigcLabel, showLabels } from './label.ts';

describe('aigcLabel', () => {
  it('has the fields of the standard, in its order, and names the video', () => {
    const label = JSON.parse(aigcLabel('video_x', { generative: true }));
    expect(Object.keys(label)).toEqual([
      'Label',
      'ContentProducer',
      'ProduceID',
      'ReservedCode1',
      'ContentPropagator',
      'PropagateID',
      'ReservedCode2',
    ]);
    expect(label.ProduceID).toBe('video_x');
  });

  it('names whom the operator names', () => {
    const names = { producer: '001191610133596325171T12566', propagator: '示例 "公司"' };
    const label = aigcLabel('video_x', { generative: true }, names);
    expect(JSON.parse(label)).toMatchObject({
      ContentProducer: names.producer,
      ContentPropagator: names.propagator,
    });
    expect(showLabels(label, true)).toEqual({ aigc: JSON.parse(label), visible: true });
  });

  it('says "1" only of what a model imagined', () => {
    expect(JSON.parse(aigcLabel('video_x', { generative: true })).Label).toBe('1');
    expect(JSON.parse(aigcLabel('video_x', { generative: false })).Label).toBe('2');
  });
});
