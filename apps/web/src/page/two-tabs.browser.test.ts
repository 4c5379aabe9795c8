import { randomUUID } from 'node:crypto';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Front, type PageCluster, type PageNode, startPageCluster } from '../testing/page-cluster.ts';
import { startChromium, Tab } from '../testing/tab.ts';

const ADA = 'Ada';
const GRACE = 'Grace';

const FRONTS: readonly Front[] = ['proxy', 'addresses'];

describe.each(FRONTS)('two tabs on two of three nodes, which they reach by: %s', (front) => {
  let browser: Browser;
  let cluster: PageCluster;
  let tabs: Tab[] = [];
  let link: string;

  beforeAll(async () => {
    browser = await startChromium();
    cluster = await startPageCluster(3, front);
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
  });
  afterEach(async () => {
    await Promise.all(tabs.map((tab) => tab.close()));
    tabs = [];
    await cluster.mend();
  });

  async function nodeOf(tab: Tab): Promise<PageNode> {
    const name = await tab.nodeName();
    const found = cluster.nodes.find((node) => node.name === name);
    if (!found) throw new Error(`the page says that it is on "${name}", and there is no such node`);
    return found;
  }

  /** Ada on one node and Grace, who has the link from her, on another, each with a line of her own to write on. */
  async function openBoth(): Promise<{ ada: Tab; grace: Tab }> {
    const docId = randomUUID();
    const ada = await Tab.open(browser, { url: cluster.urlOf(0), docId, person: ADA });
    tabs.push(ada);
    link = await ada.shareLink();
    const grace = await openGrace(docId, await nodeOf(ada));
    tabs.push(grace);
    await ada.part('editor').click();
    await ada.type('Ada:\nGrace:');
    await bothShow([ada, grace], 'Ada:\nGrace:');
    await ada.caretToLine(0);
    await grace.caretToLine(1);
    return { ada, grace };
  }

  /** The proxy counts requests under way as connections too, so that now and then she gets Ada's node and tries again. */
  async function openGrace(docId: string, adas: PageNode): Promise<Tab> {
    const where = { url: cluster.urlOf(1), docId, link };
    for (let attempt = 1; attempt <= 10; attempt++) {
      const grace = await Tab.open(browser, { ...where, person: GRACE, theme: 'dark' });
      if ((await nodeOf(grace)) !== adas) return grace;
      await grace.close();
    }
    throw new Error(`ten tabs in a row came to the node ${adas.name}, where Ada is`);
  }

  function bothShow(shown: readonly Tab[], text: string): Promise<unknown> {
    return eventually(
      async () => {
        for (const tab of shown) expect(await tab.text()).toBe(text);
        return true;
      },
      { what: `all tabs show ${JSON.stringify(text)}`, withinMs: 20_000 },
    );
  }

  it('LOG1 PRES4 show what both write and where both are', async () => {
    const { ada, grace } = await openBoth();

    await Promise.all([ada.type(' to and fro'), grace.type(' here and there')]);

    await bothShow([ada, grace], 'Ada: to and fro\nGrace: here and there');
    await ada.caretOf(GRACE).waitFor();
    await grace.caretOf(ADA).waitFor();
    const people = async (tab: Tab) => (await tab.part('people').locator('li').allInnerTexts()).join(' ');
    expect(await people(ada)).toContain(GRACE);
    expect(await people(grace)).toContain(ADA);
    await Promise.all([ada.untilMark('saved'), grace.untilMark('saved')]);
    expect([...ada.uncaught(), ...grace.uncaught()]).toEqual([]);
  });

  it('WIRE5 LOG6 a tab whose node is killed moves by itself, keeps every key, and claims nothing unsaved', async () => {
    const { ada, grace } = await openBoth();
    await Promise.all([ada.untilMark('saved'), grace.untilMark('saved')]);

    // What Ada writes now is nowhere but in her tab when her node dies: the log does not answer.
    cluster.redis.process.kill('SIGSTOP');
    await ada.type(' held');
    const typedAtMs = Date.now();
    const lost = await nodeOf(ada);
    const ended = await lost.process.stop({ signal: 'SIGKILL' });
    expect(ended.signal).toBe('SIGKILL');
    await ada.untilMark('kept');
    await Promise.all([ada.type(' and kept'), grace.type(' meanwhile')]);
    expect(await ada.text()).toBe('Ada: held and kept\nGrace:');
    const whileAway = await ada.marksSince(typedAtMs);
    expect(whileAway).not.toContain('saved');
    expect(await grace.marksSince(typedAtMs)).not.toContain('refused');

    const resumedAtMs = Date.now();
    cluster.redis.process.kill('SIGCONT');
    await ada.untilMark('saved', 30_000);
    const savedAtMs = (await ada.marks()).findLast(({ state }) => state === 'saved')?.atMs ?? 0;
    expect(savedAtMs).toBeGreaterThan(resumedAtMs);
    expect(await nodeOf(ada)).not.toBe(lost);
    await bothShow([ada, grace], 'Ada: held and kept\nGrace: meanwhile');
    await grace.untilMark('saved');

    // The moved tab is a full one: it writes, and is seen where it writes.
    await Promise.all([ada.type(', moved'), grace.type(', stayed')]);
    await bothShow([ada, grace], 'Ada: held and kept, moved\nGrace: meanwhile, stayed');
    await ada.caretOf(GRACE).waitFor();
    await grace.caretOf(ADA).waitFor();
    await ada.untilMark('saved');

    // What both call saved is what somebody reads who was not there.
    const docId = new URL(ada.page.url()).searchParams.get('doc') ?? '';
    await Promise.all(tabs.map((tab) => tab.close()));
    tabs = [await Tab.open(browser, { url: cluster.urlOf(2), docId, link, person: 'Edith' })];
    await bothShow(tabs, 'Ada: held and kept, moved\nGrace: meanwhile, stayed');
  });

  it('DRAIN1 a tab whose node is told to leave moves to another while both write, and nothing is lost', async () => {
    const { ada, grace } = await openBoth();
    const lost = await nodeOf(ada);
    const words = Array.from({ length: 40 }, (_, index) => ` word${index}`).join('');

    const typing = Promise.all([ada.type(words), grace.type(words)]);
    await eventually(async () => (await grace.text()).includes('word3'), { what: 'both are writing' });
    lost.process.kill('SIGTERM');
    await typing;

    await eventually(async () => (await nodeOf(ada)) !== lost, { what: 'Ada is on another node' });
    await bothShow([ada, grace], `Ada:${words}\nGrace:${words}`);
    await Promise.all([ada.untilMark('saved'), grace.untilMark('saved')]);
    expect(await lost.process.exited).toEqual({ code: 0, signal: null });
  });

  it('WIRE5 LOG6 the mark never says saved while the log does not answer', async () => {
    const { ada, grace } = await openBoth();
    await Promise.all([ada.untilMark('saved'), grace.untilMark('saved')]);

    cluster.redis.process.kill('SIGSTOP');
    await ada.type(' unheard');
    const typedAtMs = Date.now();
    await ada.untilMark('slow');
    await ada.type(' of');
    expect(await grace.text()).toBe('Ada:\nGrace:');
    const marks = await ada.marksSince(typedAtMs);
    expect(marks.length).toBeGreaterThan(0);
    expect(marks).not.toContain('saved');

    const resumedAtMs = Date.now();
    cluster.redis.process.kill('SIGCONT');
    await ada.untilMark('saved');
    await bothShow([ada, grace], 'Ada: unheard of\nGrace:');
    const firstSaved = (await ada.marks()).find(({ state, atMs }) => state === 'saved' && atMs > typedAtMs);
    expect(firstSaved?.atMs).toBeGreaterThan(resumedAtMs);
  });
});
