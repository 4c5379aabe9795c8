import { createToken } from '../api/agents.ts';
import type { Agent, MadeToken, Scope } from '../api/shapes.ts';
import { docIdsIn } from '../document/document-list-text.ts';
import { openDialog } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { type Choice, field, form, select } from '../page/form.ts';
import { secretView } from '../page/secret-view.ts';

const DAY_SECONDS = 86_400;

const LIFETIMES: readonly Choice<string>[] = [
  { value: String(DAY_SECONDS), label: 'One day' },
  { value: String(7 * DAY_SECONDS), label: 'One week' },
  { value: String(30 * DAY_SECONDS), label: '30 days' },
  { value: String(90 * DAY_SECONDS), label: '90 days' },
  { value: String(365 * DAY_SECONDS), label: 'One year' },
];

const SCOPES: readonly { readonly scope: Scope; readonly label: string }[] = [
  { scope: 'read', label: 'Read documents' },
  { scope: 'write', label: 'Write in documents' },
  { scope: 'mint', label: 'Make document tokens, for people of your own service' },
];

/** Asks what the new token is for, makes it and shows it, once. Resolves when the dialog is closed. */
export function openTokenDialog(agent: Agent): Promise<void> {
  return openDialog(`New token for ${agent.name}`, 'token-dialog', () => {
    const content = element('div', { class: 'stack' });
    content.append(wishForm(agent.id, (made) => content.replaceChildren(...madeToken(made))));
    return [content];
  });
}

function wishForm(agentId: string, made: (token: MadeToken) => void): HTMLFormElement {
  const name = field({
    label: 'Name',
    name: 'token-name',
    maxLength: 80,
    hint: 'Where it is used, for example.',
  });
  const scopes = scopeBoxes();
  const docs = field({
    label: 'Documents',
    name: 'token-docs',
    isOptional: true,
    hint: 'Ids or addresses, with commas between them. Empty: every document that the agent can open.',
  });
  const lifetime = select('Lifetime', LIFETIMES, String(30 * DAY_SECONDS), 'token-lifetime');
  lifetime.root.id = 'token-lifetime';
  const label = element('label', { for: 'token-lifetime' }, 'Expires after');
  return form({
    testId: 'token-form',
    fields: [name.root, scopes.root, docs.root, element('div', { class: 'field' }, label, lifetime.root)],
    submit: 'Create token',
    run: async () => {
      const chosen = scopes.chosen();
      if (chosen.length === 0) throw new Error('choose at least one thing that the token may do');
      const ids = docIdsIn(docs.input.value);
      const token = await createToken(agentId, {
        name: name.input.value.trim(),
        scopes: [...chosen],
        ...(ids.length === 0 ? {} : { docs: [...ids] }),
        expiresInSeconds: Number(lifetime.value()),
      });
      made(token);
    },
  });
}

function scopeBoxes(): { readonly root: HTMLElement; chosen(): readonly Scope[] } {
  const boxes = SCOPES.map(({ scope, label }) => {
    const box = element('input', {
      type: 'checkbox',
      name: 'scope',
      value: scope,
      'data-testid': `scope-${scope}`,
    });
    box.checked = scope !== 'mint';
    return { scope, box, root: element('label', { class: 'check' }, box, label) };
  });
  return {
    root: element(
      'fieldset',
      { class: 'field' },
      element('legend', {}, 'May'),
      ...boxes.map(({ root }) => root),
    ),
    chosen: () => boxes.filter(({ box }) => box.checked).map(({ scope }) => scope),
  };
}

function madeToken({ token }: MadeToken): HTMLElement[] {
  return [
    element(
      'p',
      {},
      'This is the token. Copy it now: it is shown this once, and nobody can look it up later.',
    ),
    secretView('Token', token, 'token-value'),
    element(
      'p',
      { class: 'hint' },
      'Send it as “Authorization: Bearer …” to the API, or as the WebSocket protocols “kryton-token, …”. Never put it in an address.',
    ),
  ];
}
