import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

/** Long enough for every account of the tests. */
export const PASSWORD = 'correct horse battery';

/** Somebody in a browser profile of their own: what they do is what the page lets people do. */
export class Person {
  readonly name: string;
  readonly page: Page;
  private readonly url: string;
  private readonly errors: string[];

  private constructor(name: string, url: string, page: Page, errors: string[]) {
    this.name = name;
    this.url = url;
    this.page = page;
    this.errors = errors;
  }

  /** Comes to `url`, the origin of the page, and looks at `path` first. */
  static async arrive(browser: Browser, name: string, url: string, path = '/'): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 900, height: 700 } });
    context.setDefaultTimeout(30_000);
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
    const person = await Person.inTab(context, name, url);
    await person.goTo(path);
    return person;
  }

  private static async inTab(context: BrowserContext, name: string, url: string): Promise<Person> {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) errors.push(message.text());
    });
    return new Person(name, url, page, errors);
  }

  get email(): string {
    return `${this.name.toLowerCase()}@example.com`;
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  /** The same browser profile, so the same session, in another tab. */
  async anotherTab(path: string): Promise<Person> {
    const tab = await Person.inTab(this.context, this.name, this.url);
    await tab.goTo(path);
    return tab;
  }

  async goTo(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.url).href);
  }

  /** The part of the page with this test id that also fits the selector. */
  part(testId: string, selector = ''): Locator {
    return this.page.locator(`[data-testid="${testId}"]${selector}`);
  }

  /** Signs up from the page to sign in at, and waits until `there` is shown. */
  async signUp(there = 'documents-page'): Promise<void> {
    await this.part('go-sign-up').click();
    await this.fillSignUp();
    await this.part(there).waitFor();
  }

  /** Sends the form to sign up, which is shown. */
  async fillSignUp(): Promise<void> {
    await this.part('name').fill(this.name);
    await this.part('email').fill(this.email);
    await this.part('password').fill(PASSWORD);
    await this.page.keyboard.press('Enter');
  }

  /** Sends the form to sign in, which is shown. */
  async signIn(password = PASSWORD): Promise<void> {
    await this.part('email').fill(this.email);
    await this.part('password').fill(password);
    await this.page.keyboard.press('Enter');
  }

  async signOut(): Promise<void> {
    await this.part('account-menu').click();
    await this.part('sign-out').click();
    await this.part('sign-in').waitFor();
  }

  /** Begins a document from the list and writes in it; its id once that is saved. */
  async writeDocument(text: string): Promise<string> {
    await this.part('new-document').click();
    await this.write(text);
    return this.docId();
  }

  /** Writes at the caret of the document that is open, and waits until it is saved. */
  async write(text: string): Promise<void> {
    await this.untilConnected();
    await this.part('editor').click();
    await this.page.keyboard.type(text);
    await this.part('saved-mark', '[data-state="saved"]').waitFor();
  }

  docId(): string {
    return new URL(this.page.url()).searchParams.get('doc') ?? '';
  }

  async untilConnected(): Promise<void> {
    await this.part('connection-state', '[data-state="connected"]').waitFor();
  }

  /** Opens the dialog of the document that is open, does something in it and closes it. */
  async share(change: (dialog: Locator) => Promise<void>): Promise<void> {
    await this.part('share').click();
    const dialog = this.part('share-dialog');
    await dialog.getByTestId('grant').first().waitFor();
    await change(dialog);
    await this.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }

  /** Gives somebody with an account a role on the document that is open. */
  async shareWith(other: Person, role: 'viewer' | 'editor' | 'owner'): Promise<void> {
    await this.share(async (dialog) => {
      await dialog.getByTestId('email').fill(other.email);
      await dialog.getByTestId('role').selectOption(role);
      await dialog.getByTestId('add-person').getByRole('button').click();
      await dialog.getByTestId('grant').filter({ hasText: other.email }).waitFor();
    });
  }

  /** Does something that stores a role or a link, and waits until the server has it. */
  async untilPut(act: () => Promise<unknown>): Promise<void> {
    await Promise.all([
      this.page.waitForResponse((answer) => answer.request().method() === 'PUT' && answer.ok()),
      act(),
    ]);
  }

  /** What was copied last. */
  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Exceptions that nobody caught, and what the content security policy forbade. */
  uncaught(): readonly string[] {
    return this.errors;
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}

/** Connections that do not come back, to a document of their own. */
export async function openSockets(person: Person, count: number): Promise<void> {
  await person.page.evaluate(async (wanted) => {
    const answer = await fetch('/api/docs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { id }: { id: string } = await answer.json();
    const open = () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`/ws/yjs/${id}`);
        socket.onopen = resolve;
        socket.onclose = reject;
      });
    await Promise.all(Array.from({ length: wanted }, open));
  }, count);
}
