import { createAgent, deleteAgent, listAgents, revokeToken } from '../api/agents.ts';
import type { Agent, AgentToken, Scope } from '../api/shapes.ts';
import { confirmDanger } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine, field, form } from '../page/form.ts';
import { type PageVisit, plainPage, section } from '../page/plain-page.ts';
import { timeView } from '../page/time-view.ts';
import { openTokenDialog } from './agent-token-dialog.ts';

/** What a list of agents can do about one of them. */
type AgentActions = {
  readonly failure: ReturnType<typeof failureLine>;
  reload(): Promise<void>;
};

/** The page of programs that act for one: agents, and the tokens they sign in with. */
export async function showAgents(visit: PageVisit): Promise<void> {
  const page = plainPage(visit, 'agents');
  const failure = failureLine();
  const agents = element('div', { class: 'stack', 'data-testid': 'agents' });
  const reload = async () => {
    const all = await listAgents();
    agents.replaceChildren(...all.map((agent) => agentSection(agent, { failure, reload })));
  };
  const name = field({ label: 'Name of the new agent', name: 'agent-name', maxLength: 80 });
  const create = form({
    testId: 'create-agent',
    isInline: true,
    fields: [name.root],
    submit: 'Create agent',
    run: async () => {
      await createAgent(name.input.value.trim());
      name.input.value = '';
      await reload();
    },
  });
  const about = element(
    'p',
    { class: 'detail' },
    'An agent is a program that reads or writes documents for you, by the API or as a Yjs client. It signs in with a token, can do no more than you can, and shares nothing with others.',
  );
  page.content.append(section('New agent', 'new-agent', about, create), failure.root, agents);
  await reload();
}

function agentSection(agent: Agent, actions: AgentActions): HTMLElement {
  const { failure, reload } = actions;
  const tokens = agent.tokens.toSorted(
    (one, other) =>
      Number(isOver(one)) - Number(isOver(other)) || other.createdAt.localeCompare(one.createdAt),
  );
  const list = element('ul', { class: 'rows', 'aria-label': `Tokens of ${agent.name}` });
  list.append(...tokens.map((token) => tokenRow(agent, token, actions)));
  const none = element('p', { class: 'detail' }, 'No token yet: it cannot sign in.');
  const create = actionButton(
    'Create token',
    { testId: 'create-token', describe: `Create a token for ${agent.name}` },
    failure,
    async () => {
      await openTokenDialog(agent);
      await reload();
    },
  );
  const remove = actionButton(
    'Delete agent',
    { kind: 'quiet', testId: 'delete-agent', describe: `Delete ${agent.name}` },
    failure,
    async () => {
      const question = {
        title: `Delete “${agent.name}”?`,
        text: 'Its tokens end within seconds, and so do the tokens that it made for others.',
        confirm: 'Delete',
      };
      if (!(await confirmDanger(question))) return;
      await deleteAgent(agent.id);
      await reload();
    },
  );
  const card = section(
    agent.name,
    `agent-${agent.id}`,
    tokens.length > 0 ? list : none,
    element('div', { class: 'buttons' }, create, remove),
  );
  card.dataset['testid'] = 'agent';
  return card;
}

function tokenRow(agent: Agent, token: AgentToken, { failure, reload }: AgentActions): HTMLElement {
  const detail = element(
    'span',
    { class: 'detail' },
    `${token.scopes.map((scope) => SCOPE_WORDS[scope]).join(', ')} · ${documentWords(token.docs)} · `,
    token.lastUsedAt === null ? 'never used' : 'used ',
  );
  if (token.lastUsedAt !== null) detail.append(timeView(token.lastUsedAt));
  detail.append(' · ');
  if (token.revokedAt !== null) detail.append('revoked ', timeView(token.revokedAt));
  else detail.append(isOver(token) ? 'expired ' : 'expires ', timeView(token.expiresAt));
  const row = element(
    'li',
    { class: isOver(token) ? 'row over' : 'row', 'data-testid': 'token' },
    element('div', { class: 'row-text' }, element('span', { class: 'row-name' }, token.name), detail),
  );
  if (isOver(token)) return row;
  const revoke = async () => {
    const question = {
      title: `Revoke “${token.name}”?`,
      text: 'Whatever uses it is signed out within seconds. A revoked token does not come back.',
      confirm: 'Revoke',
    };
    if (!(await confirmDanger(question))) return;
    await revokeToken(agent.id, token.id);
    await reload();
  };
  const options = { kind: 'quiet', testId: 'revoke-token', describe: `Revoke ${token.name}` } as const;
  row.append(actionButton('Revoke', options, failure, revoke));
  return row;
}

export const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  read: 'reads',
  write: 'writes',
  mint: 'makes document tokens',
};

function documentWords(docs: AgentToken['docs']): string {
  if (docs === null) return 'all documents';
  return docs.length === 1 ? `document ${docs[0]}` : `${docs.length} documents`;
}

function isOver({ revokedAt, expiresAt }: AgentToken): boolean {
  return revokedAt !== null || Date.parse(expiresAt) <= Date.now();
}
