import type { Role } from '../api/shapes.ts';
import type { Choice } from '../page/form.ts';

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: 'Can view',
  editor: 'Can edit',
  owner: 'Owner',
};

/** The roles that somebody can be given, the least first. */
export const ROLE_CHOICES: readonly Choice<Role>[] = (['viewer', 'editor', 'owner'] as const).map(
  (value) => ({ value, label: ROLE_WORDS[value] }),
);
