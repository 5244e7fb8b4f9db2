import type { MotionWish } from '../contract.ts';

/** How the motion spreads over the clip. */
export type Timing = 'default' | 'linear' | 'smooth' | 'slow' | 'fast' | 'sudden' | 'accelerate' | 'decelerate';

/** A camera move a transition can make. */
export type Camera = MotionWish['camera'];

/** What a word of the table asks for. */
export type Meaning =
  | { readonly kind: 'timing'; readonly timing: Timing }
  | { readonly kind: 'camera'; readonly camera: Camera }
  /** Understood, but beyond what joining two pictures can do: it is told back as ignored. */
  | { readonly kind: 'beyond'; readonly what: string };

/** One row: any of these spellings means this. Patterns match a lower-case prompt. */
export interface Word {
  readonly meaning: Meaning;
  readonly pattern: RegExp;
}

const timing = (name: Timing, pattern: RegExp): Word => ({ meaning: { kind: 'timing', timing: name }, pattern });
const camera = (name: Camera, pattern: RegExp): Word => ({ meaning: { kind: 'camera', camera: name }, pattern });
const beyond = (what: string, pattern: RegExp): Word => ({ meaning: { kind: 'beyond', what }, pattern });

/**
 * The whole vocabulary, English and Chinese. It names timing and the camera of a transition, because nothing else in a
 * prompt can be honoured by joining two pictures (`interpolation.md` §6). Where two rows match overlapping text, the
 * longer match wins, so "slow motion" never also counts as "slow".
 */
export const WORDS: readonly Word[] = [
  timing('linear', /\b(?:linear(?:ly)?|(?:at )?constant speed|uniform speed|steady pace)\b|匀速|恒速|线性/g),
  timing('smooth', /\b(?:ease[- ]in[- ](?:and[- ])?(?:ease[- ])?out|smooth start and (?:stop|end))\b|缓入缓出/g),
  timing(
    'accelerate',
    /\b(?:accelerat(?:e|es|ed|ing|ion)|speed(?:s|ing)? up|ease[- ]in|gets? faster)\b|加速|越来越快|由慢到快/g,
  ),
  timing(
    'decelerate',
    /\b(?:decelerat(?:e|es|ed|ing|ion)|slow(?:s|ing)? down|ease[- ]out|gets? slower)\b|减速|越来越慢|由快到慢/g,
  ),
  timing(
    'sudden',
    /\b(?:sudden(?:ly)?|abrupt(?:ly)?|in a flash|instant(?:ly)?|whip|snaps?)\b|突然|骤然|瞬间|猛地|忽然/g,
  ),
  timing(
    'slow',
    /\b(?:slow(?:ly)?|gradual(?:ly)?|gentl[ey]|calm(?:ly)?|leisurely)\b|缓慢|慢慢|缓缓|徐徐|渐渐|逐渐|慢速/g,
  ),
  timing('fast', /\b(?:fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?)\b|快速|迅速|飞快|急速|疾速/g),
  camera(
    'zoom-in',
    /\b(?:zoom(?:s|ing|ed)?(?:[- ]in)?|(?:push|dolly|track)(?:es|s|ing)?[- ]in|push forward|camera (?:\w+ly )?moves? (?:closer|in|forward))\b|推近|拉近|推镜头?|推进|镜头(?:向前)?推|前推|变焦/g,
  ),
  camera(
    'zoom-out',
    /\b(?:zoom(?:s|ing|ed)?[- ]out|(?:pull|dolly|track)(?:s|ing)?[- ](?:back|out|away)|camera (?:\w+ly )?moves? (?:away|back(?:wards?)?|out))\b|拉远|推远|拉镜头?|后拉|镜头(?:向后)?拉(?!近)|缩小/g,
  ),
  camera(
    'pan-left',
    /\b(?:pan(?:s|ning)?|truck(?:s|ing)?|camera (?:\w+ly )?moves?)(?: to)?(?: the)?[- ]left(?:wards?)?\b|左移|左摇|向左(?:平移|摇|移)/g,
  ),
  camera(
    'pan-right',
    /\b(?:(?:pan(?:s|ning)?|truck(?:s|ing)?|camera (?:\w+ly )?moves?)(?: to)?(?: the)?[- ]right(?:wards?)?|pan(?:s|ning)?)\b|右移|右摇|向右(?:平移|摇|移)|摇镜头?|平移|横移/g,
  ),
  camera(
    'tilt-up',
    /\b(?:(?:tilt|crane|pedestal|boom)(?:s|ing)?(?:[- ]up)?|camera (?:\w+ly )?(?:moves? up(?:wards?)?|rises?))\b|上移|上摇|仰拍|升镜头?|镜头.{0,8}?上升|向上(?:移|摇|升)/g,
  ),
  camera(
    'tilt-down',
    /\b(?:(?:tilt|crane|pedestal|boom)(?:s|ing)?[- ]down|camera (?:\w+ly )?(?:moves? down(?:wards?)?|descends?)|top[- ]down(?: shot| view)?)\b|下移|下摇|俯视|俯拍|降镜头?|镜头.{0,8}?下降|向下(?:移|摇|降)/g,
  ),
  camera(
    'roll',
    /\b(?:(?:camera )?roll(?:s|ing)?|camera (?:\w+ly )?(?:rotat(?:es?|ing|ion)|spins?)|dutch angle)\b|旋转|翻滚|滚转/g,
  ),
  camera(
    'static',
    /\b(?:static|locked[- ](?:off|down)|(?:fixed|stationary|motionless|still|locked) (?:camera|shot|frame))\b|\b(?:camera|shot) (?:is |stays? |remains? )?(?:still|fixed|static|locked)\b|固定镜头|镜头固定|固定机位|机位固定|镜头(?:静止|不动)|静止镜头|静态镜头/g,
  ),
  beyond('orbit', /\b(?:orbit(?:s|ing)?|arc shot|circl(?:e|es|ing) around|360[- ]?(?:degrees?)?)\b|环绕|绕行/g),
  beyond('handheld', /\b(?:hand[- ]?held|shak(?:y|ing) cam(?:era)?)\b|手持|晃动/g),
  beyond('focus pull', /\b(?:rack focus|focus pull|bokeh|depth of field)\b|焦点转移|变焦点|景深|虚化/g),
  beyond('slow motion', /\b(?:slow[- ]?mo(?:tion)?|bullet time)\b|慢动作|慢镜头|子弹时间/g),
  beyond('time lapse', /\b(?:time[- ]?lapse|hyper[- ]?lapse)\b|延时摄影|快进/g),
];
