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

const HEAD = /<head>\s*<meta charset="utf-8">/;

/** A generated page without its tracking, that a browser keeps from the network. */
export function withoutNetwork(html: string): string {
  if (!HEAD.test(html)) throw new Error('Allure’s page has no head that this version knows');
  // A function, because `$` has a meaning in replacement strings.
  return html
    .replace(ANALYTICS, '')
    .replace(
      HEAD,
      (head) => `${head}\n<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    );
}
