import { element } from '../page/element.ts';
import { signInAddress } from '../places/place.ts';
import type { Back } from './account-menu.ts';

/** Tells a guest what signing up is good for. `back` is the document to come back to; null for the list. */
export function guestNote(back: Back | null): HTMLElement {
  const signUp = element(
    'a',
    { href: signInAddress('sign-up', back), 'data-testid': 'guest-sign-up' },
    'Sign up',
  );
  return element(
    'p',
    { class: 'guest-note' },
    'You write as a guest. ',
    signUp,
    ' to keep your documents, and to open them elsewhere.',
  );
}
