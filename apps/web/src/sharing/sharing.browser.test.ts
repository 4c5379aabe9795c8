import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PageCluster, startPageCluster } from '../testing/page-cluster.ts';
import { Person } from '../testing/person.ts';
import { startChromium } from '../testing/tab.ts';

let browser: Browser;
let cluster: PageCluster;
let ada: Person;
let grace: Person;
let others: Person[] = [];

// Two people for all tests: an account is made once, a document for each.
beforeAll(async () => {
  [browser, cluster] = await Promise.all([
    startChromium(),
    startPageCluster(2, 'proxy', { GUEST_ACCESS: 'false', CREATE_ON_OPEN: 'false', REGISTRATION: 'open' }),
  ]);
  [ada, grace] = await Promise.all([arrive('Ada'), arrive('Grace')]);
  await ada.signUp();
  await grace.signUp();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});
afterEach(async () => {
  await Promise.all(others.map((person) => person.leave()));
  others = [];
  expect([...ada.uncaught(), ...grace.uncaught()]).toEqual([]);
});

const arrive = (name: string, path?: string) => Person.arrive(browser, name, cluster.urlOf(0), path);

async function visitor(path: string): Promise<Person> {
  const person = await arrive('Visitor', path);
  others.push(person);
  return person;
}

async function adasDocument(text: string): Promise<string> {
  await ada.goTo('/');
  return ada.writeDocument(text);
}

const saysStopped = async (person: Person, words: string) => {
  await person.part('banner', '[data-tone="stopped"]').filter({ hasText: words }).waitFor();
};

describe('a document that is shared', () => {
  it('ACC1 is read only for a viewer and says so; and is written in once the viewer may', async () => {
    const id = await adasDocument('# Plan');
    await grace.goTo(`/?doc=${id}`);
    await grace.part('no-access').waitFor();

    await ada.shareWith(grace, 'viewer');
    await grace.page.reload();
    await grace.untilConnected();
    await grace.part('banner', '[data-tone="calm"]').filter({ hasText: 'Read only.' }).waitFor();
    await grace.part('saved-mark', '[data-state="read-only"]').waitFor();
    await grace.part('editor').click();
    await grace.page.keyboard.type('not mine to write');
    await ada.write('. Seen');
    await grace.part('editor').getByText('Seen').waitFor();
    expect(await grace.part('editor').innerText()).not.toContain('not mine');
    expect(await grace.part('people').innerText()).toContain('Ada');
    await ada.part('people').getByText('Grace').waitFor();

    await ada.share(async (dialog) => {
      const row = dialog.getByTestId('grant').filter({ hasText: grace.email });
      await ada.untilPut(() => row.getByTestId('grant-role').selectOption('editor'));
    });
    await grace.page.reload();
    await grace.write('. Grace was here');
    await ada.part('editor').getByText('Grace was here').waitFor();
  });

  it('ACC1 ACC2 becomes read only under the hands of an editor, and closes when access is removed', async () => {
    const id = await adasDocument('# Minutes');
    await ada.shareWith(grace, 'editor');
    await grace.goTo(`/?doc=${id}`);
    await grace.write('. Grace');

    const row = (dialog: ReturnType<Person['part']>) =>
      dialog.getByTestId('grant').filter({ hasText: grace.email });
    await ada.share(async (dialog) => {
      await row(dialog).getByTestId('grant-role').selectOption('viewer');
      await grace.part('banner', '[data-tone="calm"]').waitFor();
    });
    await ada.share(async (dialog) => {
      await row(dialog).getByTestId('grant-remove').click();
      await row(dialog).waitFor({ state: 'detached' });
    });
    await saysStopped(grace, 'You no longer have access to this document.');
    await grace.part('banner').getByRole('button', { name: 'Your documents' }).click();
    await grace.part('documents-page').waitFor();
    expect(await grace.part('document', `[data-doc="${id}"]`).count()).toBe(0);
  });

  it('ACC2 is closed for everybody when it is deleted, and says why', async () => {
    const id = await adasDocument('# Short lived');
    await ada.shareWith(grace, 'editor');
    await grace.goTo(`/?doc=${id}`);
    await grace.untilConnected();
    const list = await ada.anotherTab('/');
    const row = list.part('document', `[data-doc="${id}"]`);
    await row.getByTestId('delete-document').click();
    await list.part('confirm-yes').click();
    await row.waitFor({ state: 'detached' });
    await list.page.close();
    for (const person of [ada, grace]) await saysStopped(person, 'This document was deleted.');
  });

  it('keeps its last owner, and says so in words', async () => {
    await adasDocument('# Mine');
    await ada.share(async (dialog) => {
      await dialog.getByTestId('grant-role').selectOption('viewer');
      await dialog.getByTestId('failure').filter({ hasText: 'owner', visible: true }).first().waitFor();
      // The list is read again after the refusal is shown.
      await expect
        .poll(() => dialog.getByTestId('grant-role').inputValue(), { timeout: 10_000 })
        .toBe('owner');
      await dialog.getByTestId('email').fill('nobody@example.com');
      await dialog.getByTestId('add-person').getByRole('button').click();
      await dialog
        .getByTestId('failure')
        .filter({ hasText: 'nobody@example.com', visible: true })
        .first()
        .waitFor();
    });
  });
});

describe('the link to a document', () => {
  it('lets in whoever has it, without an account, and no more once it is renewed', async () => {
    await adasDocument('# Open house');
    await ada.share(async (dialog) => {
      await dialog.getByTestId('link-access').selectOption('editor');
      await dialog.getByTestId('copy-link').click();
      await dialog.getByText('Copied').waitFor();
    });
    const link = new URL(await ada.clipboard());
    expect(link.search).not.toContain('kryton_link');
    const guest = await visitor(link.pathname + link.search + link.hash);
    await guest.part('display-name').fill('Wanderer');
    await guest.page.keyboard.press('Enter');
    await guest.write('. A visitor');
    await ada.part('editor').getByText('A visitor').waitFor();
    await ada.part('people').getByText('Wanderer').waitFor();
    await guest.page.reload();
    await guest.untilConnected();

    await ada.share(async (dialog) => {
      await ada.untilPut(() => dialog.getByTestId('link-access').selectOption('viewer'));
    });
    await guest.part('banner', '[data-tone="calm"]').waitFor();
    await ada.share(async (dialog) => {
      await ada.untilPut(() => dialog.getByTestId('new-link').click());
    });
    await saysStopped(guest, 'This link no longer works.');
    await guest.page.reload();
    await guest.part('dead-link').waitFor();
    expect(guest.uncaught()).toEqual([]);
  });
});
