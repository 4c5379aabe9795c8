/** A numbered rule of SPEC.md. */
export type Rule = {
  readonly id: string;
  /** What it arrives with, where its part of the system does not exist yet; null otherwise. */
  readonly arrivesWith: string | null;
};

/** What is wrong between the rules and the titles of the tests, each list in the order of the SPEC. */
export type SpecGaps = {
  /** In force, but no test title quotes them. */
  readonly untested: readonly string[];
  /** Marked as arriving later, although a test quotes them already: the mark must go. */
  readonly markedButTested: readonly string[];
  /** Quoted by a test, but not in the SPEC. */
  readonly unknown: readonly string[];
};

const RULE = /^- \*\*([A-Z]+\d+)\*\*(?: \(arrives with ([^)]+)\))? \S/gm;
/** The first argument of it(…), test(…), describe(…), and of the call after it.each(…). */
const TITLE = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
const ID = /\b[A-Z]+\d+\b/g;

/** The rules of a SPEC, in its order. Throws an Error when there is none or an id stands twice. */
export function parseRules(spec: string): Rule[] {
  const rules = [...spec.matchAll(RULE)].map(([, id = '', mark]) => ({ id, arrivesWith: mark ?? null }));
  const ids = rules.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (rules.length === 0) throw new Error('the SPEC holds no rule of the form "- **LOG1** text"');
  if (twice.length > 0) throw new Error(`the SPEC has these ids twice: ${twice.join(', ')}`);
  return rules;
}

/** The ids that the test titles in `source` quote. */
export function quotedIds(source: string): Set<string> {
  const titles = [...source.matchAll(TITLE)].map(([, , title = '']) => title);
  return new Set(titles.flatMap((title) => title.match(ID) ?? []));
}

/** Compares the rules with what the tests quote. */
export function findGaps(rules: readonly Rule[], quoted: ReadonlySet<string>): SpecGaps {
  const ids = new Set(rules.map(({ id }) => id));
  const families = new Set([...ids].map((id) => id.replace(/\d+$/, '')));
  const isRuleLike = (id: string) => families.has(id.replace(/\d+$/, ''));
  const idsOf = (some: readonly Rule[]) => some.map(({ id }) => id);
  return {
    untested: idsOf(rules.filter(({ id, arrivesWith }) => arrivesWith === null && !quoted.has(id))),
    markedButTested: idsOf(rules.filter(({ id, arrivesWith }) => arrivesWith !== null && quoted.has(id))),
    unknown: [...quoted].filter((id) => isRuleLike(id) && !ids.has(id)),
  };
}
