import { expect, test } from 'vitest';
import { pageOfRun } from './allure-html.ts';

const HEAD = '<html><head>\n    <meta charset="utf-8">\n</head>';
const ANALYTICS = `<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('config', 'G-1', { "report": "awesome" });
    </script>`;

test('takes the analytics out and leaves the rest of the page', () => {
  const page = pageOfRun(`${HEAD}<script>one()</script>${ANALYTICS}<script>two()</script>`);
  expect(page).not.toContain('googletagmanager');
  expect(page).not.toContain('gtag');
  expect(page).toContain('<script>one()</script><script>two()</script>');
});

test('a policy in the head keeps the page from the network', () => {
  expect(pageOfRun(HEAD)).toMatch(
    /<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="default-src 'none';/,
  );
});

test('says inconclusive and not run where Allure says broken and skipped, and hides what is always empty', () => {
  const script = (words: string) =>
    `<script src="data:text/javascript;base64,${Buffer.from(words).toString('base64')}"></script>`;
  const page = pageOfRun(
    `${HEAD}${script('{"broken":"broken","skipped":"skipped"} ≤')}${script('x')}`,
  );
  expect(page).toContain(script('{"broken":"inconclusive","skipped":"not run"} ≤'));
  expect(page).toContain(script('x'));
  expect(page).toMatch(
    /<style>.*\[data-testid="test-result-tab-history"\].*\{display:none\}<\/style>/,
  );
});

test('a page that it does not know is refused rather than passed on', () => {
  expect(() => pageOfRun('<html></html>')).toThrow('no head that this version knows');
});
