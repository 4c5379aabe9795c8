import { findChromium } from '@kryton/engine/testing/services/installed.ts';
import { type Browser, chromium, type Page } from 'playwright-core';

/** What a tab showed, and when: `atMs` counts from the Unix epoch. */
export type MarkChange = { readonly state: string; readonly atMs: number };

const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the Chromium of this machine. Throws an Error when there is none. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null)
    throw new Error('Chromium is not installed (Debian: apt-get install chromium)');
  return chromium.launch({ executablePath, args: QUIET, timeout: 30_000 });
}

export type TabOptions = {
  readonly url: string;
  readonly docId: string;
  /** The name that others see. */
  readonly person: string;
  /** The token of a link to come by; without one they come as a guest, and own what nobody owns yet. */
  readonly link?: string;
  readonly theme?: 'light' | 'dark';
  readonly size?: { readonly width: number; readonly height: number };
  /** Device pixels for one CSS pixel; 1 unless told. */
  readonly scale?: number;
};

/** One open page, in a browser profile of its own. */
export class Tab {
  readonly page: Page;
  private readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.errors.push(message.text());
    });
  }

  /** Opens a document, takes a name, and resolves once it is connected. */
  static async open(browser: Browser, options: TabOptions): Promise<Tab> {
    const context = await browser.newContext({
      viewport: options.size ?? { width: 800, height: 600 },
      colorScheme: options.theme ?? 'light',
      deviceScaleFactor: options.scale ?? 1,
    });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    await page.addInitScript(recordMark);
    const tab = new Tab(page);
    const fragment = options.link === undefined ? '' : `#link=${options.link}`;
    await page.goto(`${options.url}/?doc=${options.docId}${fragment}`);
    await tab.part('connection-state', '[data-state="connected"]').waitFor();
    const name = page.getByTestId('display-name');
    await name.fill(options.person);
    await name.press('Enter');
    return tab;
  }

  /** The part of the page with this test id that also fits the selector. */
  part(testId: string, selector = '') {
    return this.page.locator(`[data-testid="${testId}"]${selector}`);
  }

  /** Types at the caret, with a pause between keys. */
  async type(text: string, pauseMs = 15): Promise<void> {
    await this.page.keyboard.type(text, { delay: pauseMs });
  }

  /** Puts the caret behind everything that is written on the line at `index`. */
  async caretToLine(index: number): Promise<void> {
    await this.part('editor').locator('.cm-line').nth(index).click();
    await this.page.keyboard.press('End');
  }

  /** The text as the editor draws it, without the names at the carets of others. */
  text(): Promise<string> {
    return this.part('editor').evaluate((editor) => {
      const lines = [...editor.querySelectorAll('.cm-line')];
      const written = lines.map((line) => {
        const copy = line.cloneNode(true);
        if (!(copy instanceof HTMLElement)) return '';
        for (const other of copy.querySelectorAll('.remote-caret, .cm-placeholder')) other.remove();
        return copy.textContent;
      });
      return written.join('\n');
    });
  }

  /** Lets everybody edit who has the link, as the dialog does. Resolves with its token. */
  shareLink(): Promise<string> {
    return this.page.evaluate(async () => {
      const docId = new URLSearchParams(location.search).get('doc');
      const answer = await fetch(`/api/docs/${docId}/grants/link`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ role: 'editor' }),
      });
      if (!answer.ok) throw new Error(`no link: ${answer.status} ${await answer.text()}`);
      const { token }: { token: string } = await answer.json();
      return token;
    });
  }

  /** The name of the node that this tab is on. */
  nodeName(): Promise<string> {
    return this.part('node-name').innerText();
  }

  /** The caret of somebody else. */
  caretOf(person: string) {
    return this.page.locator(`.remote-caret[data-name="${person}"]`);
  }

  /** Every state that the saved mark has shown, in order, none left out however short. */
  marks(): Promise<MarkChange[]> {
    return this.page.evaluate(() => JSON.parse(Reflect.get(globalThis, 'markChanges')()));
  }

  /** The states of the mark since `atMs`, beginning with the one that was shown then. */
  async marksSince(atMs: number): Promise<string[]> {
    const all = await this.marks();
    const before = all.filter((mark) => mark.atMs <= atMs).slice(-1);
    return [...before, ...all.filter((mark) => mark.atMs > atMs)].map(({ state }) => state);
  }

  /** Resolves when the mark shows `state`. */
  async untilMark(state: string, withinMs = 30_000): Promise<void> {
    await this.part('saved-mark', `[data-state="${state}"]`).waitFor({ timeout: withinMs });
  }

  /** Exceptions that nobody caught, and what the content security policy forbade. */
  uncaught(): readonly string[] {
    return this.errors;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Runs in the page before its own scripts. An observer is told every change; looking now and then would miss some. */
function recordMark(): void {
  const changes: { state: string; atMs: number }[] = [];
  const now = () => performance.timeOrigin + performance.now();
  const take = (records: MutationRecord[]) => {
    const marks = records.filter(
      ({ target }) => target instanceof HTMLElement && target.dataset['testid'] === 'saved-mark',
    );
    const mark = marks.at(-1)?.target;
    if (!(mark instanceof HTMLElement)) return;
    // Several changes in one task come together; each tells what it replaced.
    const passed = marks.slice(1).flatMap(({ oldValue }) => (oldValue === null ? [] : [oldValue]));
    for (const state of [...passed, mark.dataset['state'] ?? '']) {
      if (changes.at(-1)?.state !== state) changes.push({ state, atMs: now() });
    }
  };
  const observer = new MutationObserver(take);
  const options = {
    subtree: true,
    attributes: true,
    attributeOldValue: true,
    attributeFilter: ['data-state'],
  };
  observer.observe(document, options);
  Reflect.set(globalThis, 'markChanges', () => {
    take(observer.takeRecords());
    return JSON.stringify(changes);
  });
}
