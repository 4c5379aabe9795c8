/** What somebody may do with a document (ACC1): read and be seen; write; also grant and delete. */
export type Role = 'viewer' | 'editor' | 'owner';

const ORDER: readonly Role[] = ['viewer', 'editor', 'owner'];

/** Whether `role` is at least `needed`. */
export function reaches(role: Role, needed: Role): boolean {
  return ORDER.indexOf(role) >= ORDER.indexOf(needed);
}

/** Whether a role may change the document. */
export function mayWrite(role: Role): boolean {
  return reaches(role, 'editor');
}
