import type { Config } from '@kryton/engine/config/load-config.ts';
import { APIError } from 'better-auth/api';
import type { Invitations } from './invitations.ts';
import type { JoinedTransactions } from './joined-transactions.ts';

/** Somebody who is about to get an account. */
export type Newcomer = {
  readonly id: string;
  readonly email: string;
  /** Whether somebody vouches for the address: a provider, never a form. */
  readonly emailVerified: boolean;
};

/** How they come: by a form with the code of an invitation perhaps, by a provider, or made by an admin. */
export type Way =
  | { readonly kind: 'form'; readonly invitation: string | null }
  | { readonly kind: 'provider' }
  | { readonly kind: 'admin' };

export type RegistrationParts = {
  readonly mode: Config['registration'];
  readonly transactions: JoinedTransactions;
  readonly invitations: Invitations;
};

/** Who may have an account. Guests are not asked, and none of them is first. */
export class Registration {
  readonly #parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /**
   * Before anything is spent on a form: throws the answer for somebody who will not be let in, also one that says
   * nothing about which addresses have accounts.
   */
  async expectInvited(email: string, invitation: string | null): Promise<void> {
    if (this.#parts.mode === 'open' || !(await this.#hasFirst())) return;
    if (invitation !== null && (await this.#parts.invitations.isGood(invitation, email))) return;
    throw notInvited();
  }

  /**
   * Lets somebody in, within the transaction that stores them: the first of all becomes admin, whatever the mode;
   * later ones use up an invitation where one is needed. Resolves with their role.
   */
  async admit(newcomer: Newcomer, way: Way): Promise<'admin' | 'user'> {
    if (way.kind === 'admin') return 'user';
    if (await this.#isFirst(newcomer.email)) return 'admin';
    if (this.#parts.mode === 'invitation' && !(await this.#useInvitation(newcomer, way))) throw notInvited();
    return 'user';
  }

  async #useInvitation({ id, email, emailVerified }: Newcomer, way: Way): Promise<boolean> {
    const { invitations, transactions } = this.#parts;
    switch (way.kind) {
      case 'form':
        return (
          way.invitation !== null &&
          (await invitations.useCode(transactions.current, way.invitation, email, id))
        );
      case 'provider':
        return emailVerified && (await invitations.useEmail(transactions.current, email, id));
      case 'admin':
        return true;
    }
  }

  async #hasFirst(): Promise<boolean> {
    const row = await this.#parts.transactions.current
      .selectFrom('first_admin')
      .select('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Of several at once the row lets one through; the others wait until it is known whether that one was stored. */
  async #isFirst(email: string): Promise<boolean> {
    if (await this.#hasFirst()) return false;
    const row = await this.#parts.transactions.current
      .insertInto('first_admin')
      .values({ id: 1, email })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }
}

function notInvited(): APIError {
  return new APIError('FORBIDDEN', {
    code: 'INVITATION_REQUIRED',
    message: 'Signing up needs an invitation that is for you, not used and not expired',
  });
}
