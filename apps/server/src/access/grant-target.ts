import type { Database } from '@kryton/engine/database/schema.ts';
import { type PrincipalId, principalId } from '@kryton/engine/protocol/ids.ts';
import type { Kysely } from 'kysely';
import { ApiError } from '../http/errors.ts';

/** Whom a grant is for, as the address of the request says it. */
export type GrantTarget =
  | { readonly kind: 'user' | 'agent'; readonly id: string }
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'link' };

/** Throws an `ApiError` `badRequest` for anything else. */
export function parseGrantTarget(text: string): GrantTarget {
  if (text === 'link') return { kind: 'link' };
  const [, kind, rest = ''] = /^(user|agent|email):([\x21-\x7e\u00a0-\uffff]{1,320})$/.exec(text) ?? [];
  if (kind === 'user' || kind === 'agent') return { kind, id: rest };
  // better-auth keeps addresses in lower case.
  if (kind === 'email') return { kind, address: rest.toLowerCase() };
  const problem = 'is none of user:<id>, agent:<id>, email:<address>, link';
  throw new ApiError('badRequest', { details: [{ in: 'params', field: 'principalId', problem }] });
}

/** The principal that a target names. Throws an `ApiError` `notFound` when there is none. */
export async function resolveTarget(
  database: Kysely<Database>,
  target: Exclude<GrantTarget, { kind: 'link' }>,
): Promise<PrincipalId> {
  const id = await findId(database, target);
  if (id !== undefined) return principalId(`${target.kind === 'agent' ? 'agent' : 'user'}:${id}`);
  const whom = target.kind === 'email' ? 'account has this address' : `${target.kind} has this id`;
  throw new ApiError('notFound', { message: `no ${whom}` });
}

async function findId(
  database: Kysely<Database>,
  target: Exclude<GrantTarget, { kind: 'link' }>,
): Promise<string | undefined> {
  switch (target.kind) {
    case 'user':
      return (await database.selectFrom('user').select('id').where('id', '=', target.id).executeTakeFirst())
        ?.id;
    case 'email':
      return (
        await database.selectFrom('user').select('id').where('email', '=', target.address).executeTakeFirst()
      )?.id;
    case 'agent':
      return (await database.selectFrom('agents').select('id').where('id', '=', target.id).executeTakeFirst())
        ?.id;
  }
}
