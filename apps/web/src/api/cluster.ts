import { answerOf, api } from './answer-of.ts';
import type { Cluster } from './shapes.ts';

export function fetchCluster(): Promise<Cluster> {
  return answerOf(api.GET('/api/admin/cluster'));
}
