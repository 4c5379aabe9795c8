import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  JsonValue,
  Plugin,
  PluginContext,
  PluginMessage,
  PluginSocket,
} from '@kryton/server/plugins/plugin.ts';
import { ChatHistory } from './chat-history.ts';
import { type ChatMessage, MAX_TEXT, parseSaying } from './chat-message.ts';

/** How long the other nodes have to tell what they remember, in ms. What comes later is sent on when it comes. */
const ANSWER_MS = 250;
/** Messages of one history that travel together: 20 of 1,000 characters fit into what a channel takes. */
const BATCH = 20;
/** What one socket may say in a while. */
const SAYINGS = 20;
const WHILE_MS = 10_000;

/** What the nodes tell each other on the three channels. */
type Told = { readonly docId: string; readonly messages: readonly ChatMessage[] };
type Asked = { readonly docId: string; readonly by: string };

/** A chat beside each document: who may read the document reads it, who may edit writes. */
export default {
  id: 'chat',
  version: '1.0.0',
  setup: (context) => new Chat(context).start(),
} satisfies Plugin;

class Chat {
  readonly #context: PluginContext;
  readonly #history = new ChatHistory();
  readonly #sockets = new Map<string, Set<PluginSocket>>();
  readonly #saidAt = new WeakMap<PluginSocket, number[]>();
  /** Of the last message this node took: no two have the same time, so that what was said in one ms keeps its order. */
  #lastAt = 0;
  /** Tells this node's questions from those of the others. */
  readonly #me = randomUUID();

  constructor(context: PluginContext) {
    this.#context = context;
  }

  async start(): Promise<void> {
    const context = this.#context;
    context.socket({
      path: '/:docId',
      document: 'viewer',
      maxMessageBytes: 8 * 1024,
      open: (socket) => this.#enter(socket),
      message: (socket, data) => this.#say(socket, data),
      close: (socket) => this.#leave(socket),
    });
    context.http({
      method: 'GET',
      path: '/:docId/messages',
      document: 'viewer',
      handle: async ({ document }) => ({ body: { messages: await this.#recall(document?.docId ?? '') } }),
    });
    await context.subscribe('messages', (told) => this.#hear(read<Told>(told), 'message'));
    await context.subscribe('answers', (told) => this.#hear(read<Told>(told), 'history'));
    await context.subscribe('questions', (asked) => this.#answer(read<Asked>(asked)));
  }

  async #enter(socket: PluginSocket): Promise<void> {
    const docId = docIdOf(socket);
    await this.#recall(docId);
    // It may have left meanwhile. The history comes first, and nothing is said between it and the first message.
    if (!socket.isOpen) return;
    this.#sockets.set(docId, (this.#sockets.get(docId) ?? new Set()).add(socket));
    send(socket, { type: 'history', messages: this.#history.of(docId) });
  }

  #leave(socket: PluginSocket): void {
    const docId = docIdOf(socket);
    const sockets = this.#sockets.get(docId);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.#sockets.delete(docId);
  }

  async #say(socket: PluginSocket, data: string | Uint8Array): Promise<void> {
    const text = typeof data === 'string' ? tryParse(data) : undefined;
    if (text === undefined) return socket.close('malformed');
    const refuse = (reason: string) => send(socket, { type: 'refused', reason });
    if (text === null) return refuse(`a message is {"text": "…"} with 1 to ${MAX_TEXT} characters`);
    // Asked for each message: a role may change while the socket is open.
    if (!socket.may('editor')) return refuse('you may read this chat, and not write');
    if (this.#isTooFast(socket)) return refuse(`not more than ${SAYINGS} messages in ${WHILE_MS / 1000} s`);
    const { id, name } = socket.principal;
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const message: ChatMessage = { id: randomUUID(), at: this.#lastAt, from: { id, name }, text };
    // Nothing is shown before it was told: it comes back to this node like to every other, and is shown then.
    await this.#tell('messages', docIdOf(socket), [message]);
  }

  /** Messages from this node or another one; what is new goes to everybody who is here. */
  #hear({ docId, messages }: Told, as: 'message' | 'history'): void {
    if (!this.#history.add(docId, messages)) return;
    for (const socket of this.#sockets.get(docId) ?? []) {
      if (as === 'history') send(socket, { type: 'history', messages: this.#history.of(docId) });
      else for (const message of messages) send(socket, { type: 'message', message });
    }
  }

  /** The latest messages; a node that was not asked for this document before asks the others first. */
  #recall(docId: string): Promise<readonly ChatMessage[]> {
    return this.#history.complete(docId, async () => {
      await this.#context.publish('questions', { docId, by: this.#me } satisfies Asked);
      await pause(ANSWER_MS);
    });
  }

  async #answer({ docId, by }: Asked): Promise<void> {
    if (by === this.#me) return;
    const messages = this.#history.of(docId);
    for (let from = 0; from < messages.length; from += BATCH)
      await this.#tell('answers', docId, messages.slice(from, from + BATCH));
  }

  async #tell(channel: string, docId: string, messages: readonly ChatMessage[]): Promise<void> {
    await this.#context.publish(channel, { docId, messages } satisfies Told);
  }

  #isTooFast(socket: PluginSocket): boolean {
    const now = Date.now();
    const said = (this.#saidAt.get(socket) ?? []).filter((at) => at > now - WHILE_MS);
    this.#saidAt.set(socket, said);
    if (said.length >= SAYINGS) return true;
    said.push(now);
    return false;
  }
}

function docIdOf(socket: PluginSocket): string {
  return socket.document?.docId ?? '';
}

/** Whoever reads so slowly that messages would be left out connects again, and gets the history. */
function send(socket: PluginSocket, message: JsonValue): void {
  if (!socket.send(JSON.stringify(message))) socket.close('overloaded');
}

function tryParse(data: string): string | null | undefined {
  try {
    return parseSaying(data);
  } catch {
    return undefined;
  }
}

/** Only this plugin speaks on its channels, so what comes is what it sent. */
function read<Message>(message: PluginMessage): Message {
  return message as Message;
}
