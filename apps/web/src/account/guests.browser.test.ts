import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PageCluster, startPageCluster } from '../testing/page-cluster.ts';
import { Person } from '../testing/person.ts';
import { startChromium } from '../testing/tab.ts';

let browser: Browser;
let cluster: PageCluster;
let people: Person[] = [];

beforeAll(async () => {
  [browser, cluster] = await Promise.all([
    startChromium(),
    startPageCluster(2, 'proxy', {
      GUEST_ACCESS: 'true',
      CREATE_ON_OPEN: 'true',
      REGISTRATION: 'invitation',
    }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});
afterEach(async () => {
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

describe('a newcomer where guests may come in', () => {
  it('writes at once, and keeps what was written when signing up', async () => {
    const ada = await arrive('Ada');
    await ada.write('# Written before there was an account');
    const id = ada.docId();
    await ada.part('account-menu').click();
    await ada.part('go-sign-up').click();
    await ada.fillSignUp();
    await ada.part('own-name').waitFor();
    expect(ada.docId()).toBe(id);
    await ada.write(', and after');
    await ada.goTo('/');
    await ada.part('document', `[data-doc="${id}"]`).waitFor();

    // What opens for its owner does not open for the next guest.
    const other = await arrive('Other', `/?doc=${id}`);
    await other.part('no-access').waitFor();
    const free = await arrive('Free', '/?doc=an-address-that-is-free');
    await free.write('mine');
  });

  it('needs an invitation for an account, which the administrator sends', async () => {
    const eve = await arrive('Eve', '/?page=sign-up');
    await eve.fillSignUp();
    await eve.part('failure').filter({ hasText: 'needs an invitation', visible: true }).waitFor();

    const ada = await arrive('Ada', '/?page=sign-in');
    await ada.signIn();
    await ada.part('documents-page').waitFor();
    await ada.goTo('/?page=administration');
    await ada.part('invitation-email').fill('bob@example.com');
    await ada.part('invite').getByRole('button').click();
    const address = new URL(await ada.part('invitation-url').innerText());
    expect(address.search).toBe('');

    const bob = await arrive('Bob', address.pathname + address.hash);
    await bob.fillSignUp();
    await bob.part('documents-page').waitFor();
  });
});
