import { fileURLToPath } from 'node:url';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { Browser } from 'playwright-core';
import { startPageCluster } from './page-cluster.ts';
import { startChromium, Tab } from './tab.ts';

/** Takes the picture of the README: two people on two nodes in one document, light and dark. */
const PICTURE = fileURLToPath(new URL('../../docs/two-tabs.png', import.meta.url));
const SIZE = { width: 700, height: 560 };
const GAP = 24;

const TEXT = [
  '# Plan for the harbour walk',
  '',
  'We meet at the **old crane** at nine,',
  '',
  '## Who brings what',
  '',
  'Grace: ',
  'Ada: the map, and tea for everybody',
  '',
  'The ferry back leaves at a quarter past five.',
].join('\n');
const GRACES_LINE = 6;
const ADAS_LINE = 2;

const cluster = await startPageCluster(2, 'addresses');
const browser = await startChromium();
try {
  await takePicture(browser);
} finally {
  await browser.close();
  await cluster.stop();
}

async function takePicture(chromium: Browser): Promise<void> {
  const [first, second] = cluster.nodes;
  if (!first || !second) throw new Error('a picture of two tabs needs two nodes');
  const shared = { docId: 'harbour-walk', size: SIZE, scale: 1.5 };
  const ada = await Tab.open(chromium, { ...shared, url: first.url, person: 'Ada' });
  const link = await ada.shareLink();
  const grace = await Tab.open(chromium, {
    ...shared,
    link,
    url: second.url,
    person: 'Grace',
    theme: 'dark',
  });
  await ada.part('editor').click();
  await ada.type(TEXT, 2);
  await eventually(async () => (await grace.text()) === TEXT, { what: 'Grace has the text' });
  await grace.caretToLine(GRACES_LINE);
  await ada.caretToLine(ADAS_LINE);
  await grace.type('bread, cheese and plums');
  await ada.type(' rain or shine.');
  await Promise.all([ada.caretOf('Grace').waitFor(), grace.caretOf('Ada').waitFor()]);
  const wholeText = await grace.text();
  await eventually(async () => (await ada.text()) === wholeText, { what: 'both have the text' });
  await Promise.all([ada.untilMark('saved'), grace.untilMark('saved')]);
  // The count in the corner comes a moment after the last key.
  await Promise.all([ada, grace].map((tab) => tab.page.getByText(/^\d+ words/).waitFor()));
  // Before the names at the carets fade, which they do some time after the last move.
  const pictures = await Promise.all([ada.page.screenshot(), grace.page.screenshot()]);
  await compose(chromium, pictures);
}

async function compose(chromium: Browser, pictures: readonly Buffer[]): Promise<void> {
  const viewport = { width: SIZE.width * 2 + GAP * 3, height: SIZE.height + GAP * 2 };
  const page = await chromium.newPage({ viewport, deviceScaleFactor: 1.5 });
  const images = pictures.map(
    (picture) => `<img width="${SIZE.width}" src="data:image/png;base64,${picture.toString('base64')}">`,
  );
  const frame = 'border-radius: 10px; box-shadow: 0 2px 12px rgb(0 0 0 / 30%)';
  await page.setContent(
    `<style>body { margin: 0; padding: ${GAP}px; display: flex; gap: ${GAP}px; background: #c9d1da }
     img { ${frame} }</style>${images.join('')}`,
  );
  await page.screenshot({ path: PICTURE });
}
