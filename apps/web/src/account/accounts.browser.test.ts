import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PageCluster, startPageCluster } from '../testing/page-cluster.ts';
import { openSockets, PASSWORD, Person } from '../testing/person.ts';
import { startChromium } from '../testing/tab.ts';
import { totp } from '../testing/totp.ts';

let browser: Browser;
let cluster: PageCluster;
let people: Person[] = [];

beforeAll(async () => {
  [browser, cluster] = await Promise.all([
    startChromium(),
    startPageCluster(2, 'proxy', { GUEST_ACCESS: 'false', CREATE_ON_OPEN: 'false', REGISTRATION: 'open' }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    for (const { name, page } of people) console.error(`${name} sees:`, await page.innerText('body'));
  const errors = people.flatMap((person) => person.uncaught());
  await Promise.all(people.map((person) => person.leave()));
  people = [];
  expect(errors).toEqual([]);
});

async function arrive(name: string, path = '/'): Promise<Person> {
  const person = await Person.arrive(browser, name, cluster.urlOf(0), path);
  people.push(person);
  return person;
}

async function newcomer(name: string): Promise<Person> {
  const person = await arrive(name);
  await person.signUp();
  return person;
}

/**
 * A virtual authenticator. The result makes it say yes to everything, as a device that its owner unlocks, or nothing; a
 * question that it was asked before is not answered any more.
 */
async function giveAuthenticator(person: Person): Promise<(saysYes: boolean) => Promise<void>> {
  await person.page.addInitScript(noteWhenAsked);
  const devtools = await person.context.newCDPSession(person.page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return async (enabled) => {
    await devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  };
}

/** Runs in the page: marks it once it asks for a passkey. */
function noteWhenAsked(): void {
  const { credentials } = navigator;
  const get = credentials.get.bind(credentials);
  credentials.get = (options) => {
    const answer = get(options);
    document.documentElement.dataset['passkeyAsked'] = 'yes';
    return answer;
  };
}

// The first of all who sign up is the administrator: this one stands first.
describe('whoever runs the server', () => {
  it('sees who has an account, and disables one, whose open document says so', async () => {
    const root = await newcomer('Root');
    const mallory = await newcomer('Mallory');
    await mallory.writeDocument('# Plot');
    await root.goTo('/?page=administration');
    const row = root.part('user').filter({ hasText: mallory.email });
    await row.getByTestId('disable-user').click();
    await root.part('confirm-yes').click();
    await row.getByTestId('enable-user').waitFor();
    await mallory.part('banner', '[data-tone="stopped"]').waitFor();
    expect(await mallory.part('banner').innerText()).toContain('Your session has ended.');
    await mallory.page.reload();
    await mallory.signIn();
    await expectText(mallory, 'failure', 'disabled');
    await root.page.reload();
    expect(await root.part('audit').innerText()).toContain('user disabled');
  });

  it('DRAIN1 sees nodes and workers as they are: one that comes, one that drains and leaves, one that is back', async () => {
    const root = await arrive('Root', '/?page=cluster');
    await root.signIn();
    const inState = (row: string, name: string, state: string) =>
      root.part(row, `[data-state="${state}"]`).filter({ hasText: name });
    for (const name of ['node-1', 'node-2']) await inState('cluster-node', name, 'ready').waitFor();
    await cluster.startWorker('worker-1');
    await inState('cluster-worker', 'worker-1', 'working').waitFor();
    await root.part('cluster-changes').getByText('worker-1 has come').waitFor();
    await openSockets(root, 24);
    // The proxy gives each of two nodes as many.
    const connections = inState('cluster-node', 'node-2', 'ready').locator('.figure').first();
    await connections.getByText('12', { exact: true }).waitFor();

    cluster.nodes[1]?.process.kill('SIGTERM');
    await inState('cluster-node', 'node-2', 'draining').waitFor();
    await inState('cluster-node', 'node-2', 'left').waitFor();
    await root.part('cluster-changes').getByText('node-2 has left').waitFor();
    expect(await root.part('cluster-totals').innerText()).toMatch(/Nodes ready\s+1 of 1/);
    await cluster.mend();
    await inState('cluster-node', 'node-2', 'ready').waitFor();
    expect(await root.part('cluster-source').innerText()).toMatch(/^Live, as node-[12] sees it/);
  });
});

describe('an account', () => {
  it('is made, writes, is signed out of and in to, and finds its documents by their titles', async () => {
    const ada = await newcomer('Ada');
    const retitled = ada.page.waitForResponse((answer) => answer.request().method() === 'PATCH');
    const id = await ada.writeDocument('# Harbour walk');
    expect(await ada.part('own-name').innerText()).toBe('Ada');
    expect((await retitled).status()).toBe(200);

    await ada.signOut();
    await ada.signIn('wrong horse battery');
    await expectText(ada, 'failure', 'The email address or the password is wrong.');
    await ada.signIn();
    const row = ada.part('document', `[data-doc="${id}"]`);
    await row.waitFor();
    expect(await row.innerText()).toContain('Harbour walk');
    await row.getByRole('link').click();
    await ada.untilConnected();
    expect(await ada.part('editor').innerText()).toContain('Harbour walk');
  });

  it('ends everywhere at once when its owner says so, and each tab offers to sign in again', async () => {
    const ida = await newcomer('Ida');
    const id = await ida.writeDocument('# Notes');
    const elsewhere = await arrive('Ida', `/?doc=${id}`);
    await elsewhere.signIn();
    await elsewhere.untilConnected();
    const settings = await ida.anotherTab('/?page=account');
    await settings.part('sign-out-everywhere').click();
    await settings.part('confirm-yes').click();
    await settings.part('sign-in').waitFor();
    for (const tab of [ida, elsewhere]) await tab.part('banner', '[data-tone="stopped"]').waitFor();
    await elsewhere.part('banner').getByRole('button', { name: 'Sign in' }).click();
    await elsewhere.signIn();
    await elsewhere.untilConnected();
    expect(elsewhere.docId()).toBe(id);
  });

  it('is signed in to with a passkey that was made on its page', async () => {
    const pia = await newcomer('Pia');
    const unlock = await giveAuthenticator(pia);
    await pia.goTo('/?page=account');
    await pia.part('passkey-name').fill('Laptop');
    await pia.part('add-passkey').getByRole('button').click();
    await pia.part('passkey').waitFor();
    expect(await pia.part('passkey').innerText()).toContain('Laptop');

    await unlock(false);
    await pia.signOut();
    await pia.page.locator('html[data-passkey-asked]').waitFor();
    await unlock(true);
    await pia.part('passkey-sign-in').click();
    await pia.part('documents-page').waitFor();

    // Offered beside the email field, where the device says yes at once.
    const signedIn = pia.page.waitForResponse('**/passkey/verify-authentication');
    await pia.part('account-menu').click();
    await pia.part('sign-out').click();
    await signedIn;
    await pia.part('documents-page').waitFor();

    await pia.goTo('/?page=account');
    await pia.part('remove-passkey').click();
    await pia.part('confirm-yes').click();
    await pia.part('passkey').waitFor({ state: 'detached' });
  });

  it('asks for a second factor once that is switched on', async () => {
    const tom = await newcomer('Tom');
    await tom.goTo('/?page=account');
    await tom.part('two-factor-password').fill(PASSWORD);
    await tom.part('enable-two-factor').getByRole('button').click();
    const secret = await tom.part('totp-secret').innerText();
    const [recovery = ''] = (await tom.part('recovery-codes').innerText()).split('\n');
    await tom.part('code').fill(totp(secret, Date.now()));
    await tom.part('confirm-two-factor').getByRole('button').click();
    await tom.part('disable-two-factor').waitFor();

    await tom.signOut();
    await tom.signIn();
    await tom.part('code').fill('000000');
    await tom.page.keyboard.press('Enter');
    await expectText(tom, 'failure', 'The code is wrong');
    await tom.part('code').fill(totp(secret, Date.now()));
    await tom.page.keyboard.press('Enter');
    await tom.part('documents-page').waitFor();

    await tom.signOut();
    await tom.signIn();
    await tom.part('other-code').click();
    await tom.part('code').fill(recovery);
    await tom.page.keyboard.press('Enter');
    await tom.part('documents-page').waitFor();
  });

  it('has agents, whose tokens are shown once, work, and are revoked', async () => {
    const eve = await newcomer('Eve');
    const id = await eve.writeDocument('# For the robot');
    await eve.goTo('/?page=agents');
    await eve.part('agent-name').fill('Night writer');
    await eve.part('create-agent').getByRole('button').click();
    await eve.part('create-token').click();
    await eve.part('token-name').fill('CI');
    await eve.part('token-docs').fill(`${cluster.urlOf(0)}/?doc=${id}`);
    await eve.part('token-form').getByRole('button').click();
    const token = await eve.part('token-value').innerText();
    expect(token).toMatch(/^kryton_/);
    const ask = () =>
      fetch(`${cluster.urlOf(0)}/api/docs/${id}`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await ask()).json()).toMatchObject({ id, role: 'editor' });

    await eve.page.keyboard.press('Escape');
    const row = eve.part('token');
    await row.waitFor();
    expect(await eve.page.content()).not.toContain(token);
    await row.getByTestId('revoke-token').click();
    await eve.part('confirm-yes').click();
    await row.getByText('revoked').waitFor();
    expect((await ask()).status).toBe(401);
  });
});

/** Waits until the part says something that contains `text`. */
async function expectText(person: Person, testId: string, text: string): Promise<void> {
  await person.part(testId).filter({ hasText: text, visible: true }).first().waitFor();
}
