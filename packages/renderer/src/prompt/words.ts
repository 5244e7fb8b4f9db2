import type { MotionWish } from '../contract.ts';

/** How the motion spreads over the clip. */
export type Timing = 'default' | 'linear' | 'smooth' | 'slow' | 'fast' | 'sudden' | 'accelerate' | 'decelerate';

/** A camera move a transition can make. */
export type Camera = MotionWish['camera'];

/** A small movement on top of any clip, nothing at both ends; see `pipeline/overlay.ts`. */
export type Overlay = 'handheld' | 'breathing';

/** What a word of the table asks for. */
export type Meaning =
  | { readonly kind: 'timing'; readonly timing: Timing }
  | { readonly kind: 'camera'; readonly camera: Camera }
  | { readonly kind: 'overlay'; readonly overlay: Overlay }
  /** Understood, but beyond what joining two pictures can do: it is told back as ignored. */
  | { readonly kind: 'beyond'; readonly what: string };

/**
 * How far a spelling may be believed. `sure`: wherever it stands. `loose`: it has other meanings too ("frying pan",
 * "a girl spins"), and counts where its clause speaks of the camera or of nothing else. `view`: it names where a camera
 * ends, not how it moves, and counts when no move is named.
 */
export type Belief = 'sure' | 'loose' | 'view';

/** One row: any of these spellings means this. Patterns match a lower-case prompt. */
export interface Word {
  readonly meaning: Meaning;
  readonly pattern: RegExp;
  readonly belief: Belief;
}

const timing = (name: Timing, pattern: RegExp): Word => row({ kind: 'timing', timing: name }, pattern);
const camera = (name: Camera, pattern: RegExp, belief: Belief = 'sure'): Word =>
  row({ kind: 'camera', camera: name }, pattern, belief);
const overlay = (name: Overlay, pattern: RegExp, belief: Belief = 'sure'): Word =>
  row({ kind: 'overlay', overlay: name }, pattern, belief);
const beyond = (what: string, pattern: RegExp): Word => row({ kind: 'beyond', what }, pattern);

function row(meaning: Meaning, pattern: RegExp, belief: Belief = 'sure'): Word {
  return { meaning, pattern, belief };
}

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
    /\b(?:sudden(?:ly)?|abrupt(?:ly)?|in a flash|instantly|whip[- ]pan|snap[- ](?:zoom|cut))\b|突然|骤然|瞬间|猛地|忽然/g,
  ),
  timing(
    'slow',
    /\b(?:slow(?:ly)?|gradual(?:ly)?|gently|calmly|leisurely)\b|缓慢|慢慢|缓缓|徐徐|渐渐|逐渐|慢速|慢(?=推|拉|摇|移)/g,
  ),
  timing('fast', /\b(?:fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?)\b|快速|迅速|飞快|急速|疾速|快(?=推|拉|摇|移)/g),
  camera(
    'zoom-in',
    /\b(?:zoom(?:s|ing|ed)?(?:[- ]in)?|(?:push|dolly|track)(?:es|s|ing)?[- ]in|push(?:es|ing)? forward|camera (?:\w+ly )?(?:moves?|moving|comes?|coming) (?:closer|in|forward))\b|推近|拉近|推镜头?|镜头(?:向前|缓缓|缓慢|慢慢|快速)*推近?|前推|变焦(?!点)/g,
  ),
  camera('zoom-in', /推进/g, 'loose'),
  camera(
    'zoom-out',
    /\b(?:zoom(?:s|ing|ed)?[- ]out|(?:pull|dolly|track)(?:s|ing)?[- ](?:back|out|away)|camera (?:\w+ly )?(?:moves?|moving) (?:away|back(?:wards?)?|out))\b|拉远|推远|拉镜头?|后拉|镜头(?:向后|缓缓|缓慢|慢慢|快速)*拉(?:远|(?!近))/g,
  ),
  camera('zoom-out', /缩小/g, 'loose'),
  camera(
    'pan-left',
    /\b(?:pan(?:s|ning)?|truck(?:s|ing)?|camera (?:\w+ly )?(?:moves?|moving|movement))(?: \w+ly)?(?: to)?(?: the)?[- ]left(?:wards?)?\b|左移|左摇|向左(?:平移|摇|移)/g,
  ),
  camera(
    'pan-right',
    /\b(?:pan(?:s|ning)?|truck(?:s|ing)?|camera (?:\w+ly )?(?:moves?|moving|movement))(?: \w+ly)?(?: to)?(?: the)?[- ]right(?:wards?)?\b|右移|右摇|向右(?:平移|摇|移)|摇镜头?|横移/g,
  ),
  camera('pan-right', /\bpan(?:s|ning)?\b|平移/g, 'loose'),
  camera(
    'tilt-up',
    /\b(?:(?:tilt|crane|pedestal|boom)(?:s|ing)?[- ]up(?:wards?)?|camera (?:\w+ly )?(?:(?:moves?|moving|movement) up(?:wards?)?|rises?|rising))\b|上移|上摇|升镜头?|镜头.{0,8}?上升|向上(?:移|摇|升)/g,
  ),
  camera('tilt-up', /\b(?:tilt|crane|pedestal|boom)(?:s|ing)?\b/g, 'loose'),
  camera('tilt-up', /\blow[- ]angle(?: shot| view)?\b|仰拍|仰视/g, 'view'),
  camera(
    'tilt-down',
    /\b(?:(?:tilt|crane|pedestal|boom)(?:s|ing)?[- ]down(?:wards?)?|camera (?:\w+ly )?(?:(?:moves?|moving|movement) down(?:wards?)?|descends?|descending|lowers?))\b|下移|下摇|降镜头?|镜头.{0,8}?下降|向下(?:移|摇|降)/g,
  ),
  camera('tilt-down', /\b(?:top[- ]down|overhead|bird'?s[- ]eye)(?: shot| view)?\b|俯视|俯拍|俯瞰/g, 'view'),
  camera(
    'roll',
    /\b(?:camera (?:\w+ly )?(?:rolls?|rolling|rotat(?:es?|ing|ion)|spins?|spinning)|dutch angle)\b|滚转|镜头.{0,4}?(?:旋转|翻滚)/g,
  ),
  camera('roll', /\b(?:roll(?:s|ing)?|rotat(?:es?|ing|ion))\b|旋转|翻滚/g, 'loose'),
  camera(
    'static',
    /\b(?:locked[- ](?:off|down)|(?:static|fixed|stationary|motionless|still|locked) (?:camera|shot|frame))\b|\b(?:camera|shot) (?:is |stays? |remains? |held |kept )?(?:still|fixed|static|locked|stationary|motionless)\b|固定镜头|镜头(?:保持)?固定|固定机位|机位固定|镜头(?:保持)?(?:静止|不动)|静止镜头|静态镜头/g,
  ),
  camera('static', /\bstatic\b/g, 'loose'),
  overlay(
    'handheld',
    /\b(?:hand[- ]?held|shak(?:y|ing) (?:cam(?:era)?|footage|shot)|camera shak(?:es?|ing)|wobbl(?:y|ing) camera)\b|手持|镜头(?:轻微)?(?:晃动|抖动|摇晃)/g,
  ),
  overlay('handheld', /\bshak(?:y|ing|es?)\b|晃动|抖动/g, 'loose'),
  overlay(
    'breathing',
    /\bbreathing[- ](?:zoom|camera|effect|motion|movement)\b|\b(?:camera|lens|frame) breath(?:es?|ing)\b|呼吸感|呼吸(?:镜头|效果|缩放)/g,
  ),
  beyond('orbit', /\b(?:orbit(?:s|ing)?|arc shot|circl(?:e|es|ing) around|360[- ]?(?:degrees?)?)\b|环绕|绕行/g),
  beyond(
    'focus pull',
    /\b(?:rack focus|focus pull|pull(?:s|ing)? focus|bokeh|depth of field)\b|焦点转移|变焦点|景深|虚化/g,
  ),
  beyond('slow motion', /\b(?:slow[- ]?mo(?:tion)?|bullet time)\b|慢动作|慢镜头|子弹时间/g),
  beyond('time lapse', /\b(?:time[- ]?lapse|hyper[- ]?lapse)\b|延时摄影|快进/g),
];
