import { z } from 'zod';
import type { Users } from '../auth/users.ts';
import type { ApiInstance } from './api.ts';

const ME = z.object({
  id: z.string().describe('The principal, as grants name it'),
  kind: z.enum(['user', 'guest', 'agent', 'member', 'visitor']),
  name: z.string(),
  email: z.string().nullable().describe('Null for whoever has none'),
  isAdmin: z.boolean(),
});

/** `GET /api/me`: who the server takes the sender for. */
export function meRoutes(users: Pick<Users, 'profileOf'>): (api: ApiInstance) => void {
  return (api) => {
    api.get(
      '/api/me',
      { schema: { summary: 'Who you are', tags: ['accounts'], response: { 200: ME } } },
      async ({ principal }) => users.profileOf(principal),
    );
  };
}
