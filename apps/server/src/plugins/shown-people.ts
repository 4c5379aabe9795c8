import type { Principal } from '../auth/principal.ts';
import type { PluginPrincipal } from './plugin.ts';

/**
 * Who a plugin has to do with. It gets no credential, and can make nobody up: what it asks about somebody counts only
 * for those it was shown.
 */
export class ShownPeople {
  readonly #principals = new WeakMap<PluginPrincipal, Principal>();

  /** What a plugin is shown. */
  show(principal: Principal): PluginPrincipal {
    const { id, kind, name } = principal;
    const shown = Object.freeze({ id, kind, name });
    this.#principals.set(shown, principal);
    return shown;
  }

  /** Who that is. Throws a TypeError for somebody that was not shown. */
  behind(shown: PluginPrincipal): Principal {
    const principal = this.#principals.get(shown);
    if (!principal)
      throw new TypeError('ask about the principal of a request or of a socket, as it was handed over');
    return principal;
  }
}
