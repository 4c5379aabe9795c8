import type { Labels } from './manifests.ts';

/** A label selector, as policies and budgets have it. */
export type Selector = {
  readonly matchLabels?: Labels | null;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[] | null;
      }[]
    | null;
};

/** Whether `selector` selects a pod with these labels. None selects nothing, an empty one everything. */
export function selects(selector: Selector | null | undefined, labels: Labels): boolean {
  if (!selector) return false;
  const { matchLabels, matchExpressions } = selector;
  return (
    Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (matchExpressions ?? []).every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`a selector with ${operator} is not understood here`);
      return values?.includes(labels[key] ?? '') === true;
    })
  );
}
