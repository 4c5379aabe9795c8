import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Role } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import type { ApiErrorCode } from '../http/errors.ts';

/**
 * A plugin: the default export of an ES module in `PLUGINS_DIR`. The module needs nothing of ours but this type:
 *
 *     import type { Plugin } from '@kryton/server/plugins/plugin.ts';
 *     export default { id: 'hello', setup(context) { … } } satisfies Plugin;
 *
 * `setup` is called once per node, before the node listens; two nodes in one process (`npm start`) share the module,
 * so state belongs into `setup`. A module that cannot be loaded and a `setup` that throws, or does not finish within
 * 10 s, stop the start with a sentence that names the file.
 *
 * From then on a plugin's faults are its own. What its handlers throw ends that request (500) or that socket (1013)
 * and is logged with the plugin's id. What it throws where nobody can catch it (a timer, a promise without `catch`) is
 * traced back to it and logged; after ten of these within a minute the plugin is switched off on that node until the
 * next start: its sockets are closed, its routes answer 503, and everything else goes on.
 *
 * A plugin is part of the process all the same: it is trusted code. A loop that never ends stops the node, and what it
 * leaks, the node leaks.
 */
export type Plugin = {
  /** `^[a-z][a-z0-9-]{0,31}$`: part of its URLs, its channels, its log lines and its metrics. */
  readonly id: string;
  /** For the log. */
  readonly version?: string;
  setup(context: PluginContext): void | Promise<void>;
};

/** What a plugin may use of its node. Routes are declared in `setup`, everything else may be called at any time. */
export type PluginContext = {
  readonly id: string;
  /** The name of this node. */
  readonly node: string;
  /** Writes to the log of the node; every line carries the plugin's id. */
  readonly log: PluginLogger;
  /** Mounts an HTTP route at `/api/plugins/<id><path>`, behind the authentication of every other. */
  http(route: PluginHttpRoute): void;
  /** Mounts a WebSocket route at `/ws/plugins/<id><path>`, behind the same checks as `/ws/yjs`. */
  socket(route: PluginSocketRoute): void;
  /**
   * Tells every node of the cluster, this one too: each subscriber of the channel hears it at most once, and nothing
   * is stored. A channel's name is `^[A-Za-z0-9_.:-]{1,100}$`, no other plugin hears it. A message is a value for JSON
   * or bytes, up to 256 KiB encoded. Rejects with an `Unavailable` when the message could not be handed over.
   */
  publish(channel: string, message: PluginMessage): Promise<void>;
  /** Resolves when messages are heard; the result ends that. A plugin may hold 1,000 subscriptions on a node. */
  subscribe(
    channel: string,
    listener: (message: PluginMessage) => void | Promise<void>,
  ): Promise<() => Promise<void>>;
  /**
   * What somebody may do with a document; null for nothing, and alike when there is no such document. `who` comes from
   * a request or a socket. Rejects with an `Unavailable` when the grants cannot be read.
   */
  roleOn(who: PluginPrincipal, docId: string): Promise<Role | null>;
  /** `run` is called when the node stops or the plugin is switched off, and may take 5 s. */
  onClose(run: () => void | Promise<void>): void;
};

export type PluginLogger = {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** A value as JSON has it, or bytes; what it is on one node it is on the others. */
export type PluginMessage = Uint8Array | JsonValue;

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** Who is there, without the credential that was shown. */
export type PluginPrincipal = Pick<Principal, 'id' | 'kind' | 'name'>;

/** A document and what somebody may do with it. */
export type PluginDocument = { readonly docId: DocId; readonly role: Role };

type PluginRoute = {
  /**
   * Begins with `/`; segments of letters, digits, `_`, `-`, `.`, or `:parameter`. `/` alone is the plugin's own address,
   * without a slash at its end.
   */
  readonly path: string;
  /**
   * The role that is needed on the document that the path's `:docId` names. It is checked before the handler is
   * called: 404 without any access, 403 below this role. Without it the route is open to everybody who is signed in.
   */
  readonly document?: Role;
};

export type PluginHttpRoute = PluginRoute & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Bytes that a body may have; 64 KiB unless told, 1 MiB at most. */
  readonly bodyLimit?: number;
  /** Has 10 s. */
  handle(request: PluginRequest): PluginAnswer | Promise<PluginAnswer>;
};

export type PluginRequest = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Without cookies and tokens. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** JSON decoded, `text/plain` as a string, `application/octet-stream` as bytes; undefined without one. */
  readonly body: unknown;
  readonly principal: PluginPrincipal;
  /** Of a route that names the role it needs; null otherwise. */
  readonly document: PluginDocument | null;
};

/** An answer of one's own (200 unless told), or an error from the table of the API. */
export type PluginAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as JSON; a string as text, bytes as they are. */
      readonly body?: PluginMessage;
    }
  | { readonly error: ApiErrorCode };

/**
 * A WebSocket route. Its handlers are called one after the other per socket: `open`, then `message` for each in order
 * once the last one has settled (each has 10 s; meanwhile the socket is read no further than its bounds), and `close`
 * exactly once if `open` was called, unless the plugin was switched off.
 */
export type PluginSocketRoute = PluginRoute & {
  /** Bytes of one message, 64 KiB unless told, 1 MiB at most; a client that sends more is closed with 4413. */
  readonly maxMessageBytes?: number;
  open(socket: PluginSocket): void | Promise<void>;
  /** `data` is a string from a text message, bytes from a binary one. */
  message?(socket: PluginSocket, data: string | Uint8Array): void | Promise<void>;
  close?(socket: PluginSocket): void | Promise<void>;
};

export type PluginSocket = {
  readonly principal: PluginPrincipal;
  readonly params: Readonly<Record<string, string>>;
  /** Of a route that names the role it needs: as it is now, for grants change. Null otherwise. */
  readonly document: PluginDocument | null;
  readonly isOpen: boolean;
  /** Whether the role on the document is at least `needed`, now. */
  may(needed: Role): boolean;
  /**
   * Sends a text or a binary message. False when the socket has ended, and when so much waits for a slow reader
   * already (`OUTBOX_BYTES`) that this was not queued: whoever cannot leave it out closes with `overloaded`, and the
   * client connects again. Throws a RangeError above 1 MiB.
   */
  send(data: string | Uint8Array): boolean;
  /** Ends the socket with a code of the table (`close-codes.ts`). */
  close(kind: CloseKind): void;
};
