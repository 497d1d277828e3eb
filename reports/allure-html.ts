/**
 * Allure's template loads Google Analytics from the network whenever somebody opens a report, and
 * has no switch for it (`analyticsEnable: true` in @allurereport/plugin-awesome 3.18).
 */
const ANALYTICS =
  /<script async src="https:\/\/www\.googletagmanager\.com[^>]*><\/script>\s*<script>[^<]*gtag\([^<]*<\/script>/g;

/** Whatever a later version adds: the page may run what is inside it, and reach nothing outside. */
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' data: blob:",
  "style-src 'unsafe-inline' data: blob:",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  'connect-src data: blob:',
  'frame-src data: blob:',
  "form-action 'none'",
].join('; ');

/** What this suite has nothing for: a criterion is tried once, and each page is of one run. */
const EMPTY = [
  ...['retry-filter', 'flaky-filter', 'transition-filter', 'resolution-filter'],
  ...['history', 'retries', 'environments', 'resolution-categories'].map(
    (name) => `test-result-tab-${name}`,
  ),
  'nav-tab-qualityGate',
  'nav-tab-globalErrors',
  'nav-tab-globalAttachments',
];
/** A ring that is nine tenths green says the opposite of a failed run's title. */
const RING = 'article:has([data-chart-tooltip-trigger])';
const STYLE = `<style>${EMPTY.map((id) => `[data-testid="${id}"]`).join(',')},${RING}{display:none}</style>`;

/** Allure scrolls to the first test; the page opens at the verdict, and scrolls once somebody touches it. */
const OPENS_AT_VERDICT = `<script>{
const own = Object.getOwnPropertyDescriptor(Element.prototype, 'scrollTop');
Object.defineProperty(Element.prototype, 'scrollTop', { ...own, set() {} });
const back = () => Object.defineProperty(Element.prototype, 'scrollTop', own);
for (const name of ['keydown', 'pointerdown', 'wheel']) addEventListener(name, back, { once: true, capture: true });
}</script>`;

const SCRIPT = /(?<=src="data:text\/javascript;base64,)[A-Za-z0-9+/=]+(?=")/g;
/** Allure's English words for its statuses, and ours for the two that mean something else here. */
const WORDS = [
  '"broken":"broken","skipped":"skipped"',
  '"broken":"inconclusive","skipped":"not run"',
] as const;

/** The page's own scripts with the words of the verdict. */
const withOurWords = (html: string): string =>
  html.replace(SCRIPT, (encoded) => {
    const script = Buffer.from(encoded, 'base64').toString('utf8');
    return script.includes(WORDS[0])
      ? Buffer.from(script.replace(...WORDS)).toString('base64')
      : encoded;
  });

const HEAD = /<head>\s*<meta charset="utf-8">/;

/** A generated page in the words of the verdict, without tracking and empty widgets, that a browser keeps from the network. */
export function pageOfRun(html: string): string {
  if (!HEAD.test(html)) throw new Error('Allure’s page has no head that this version knows');
  // A function, because `$` has a meaning in replacement strings.
  return withOurWords(html)
    .replace(ANALYTICS, '')
    .replace(
      HEAD,
      (head) =>
        `${head}\n<meta http-equiv="Content-Security-Policy" content="${POLICY}">\n${STYLE}\n${OPENS_AT_VERDICT}`,
    );
}
