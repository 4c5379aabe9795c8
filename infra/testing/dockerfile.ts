import { readFileSync } from 'node:fs';
import { DockerfileParser, type Instruction, type ModifiableInstruction } from 'dockerfile-ast';

/** One instruction, its variables put in. */
export type Step = {
  readonly keyword: string;
  /** `--from=packages` as `from: packages`. */
  readonly flags: ReadonlyMap<string, string>;
  /** What follows the flags: as it is written for RUN, word by word for the rest. */
  readonly text: string;
  readonly words: readonly string[];
};

/** A stage: from a stage before it or from an image of somebody else, and what is done then. */
export type Stage = { readonly name: string; readonly from: string; readonly steps: readonly Step[] };

/** The stages of the Dockerfile at `path`, in order; the last is the image. Throws when it cannot be read so. */
export function readDockerfile(path: string): Stage[] {
  const stages: { name: string; from: string; steps: Step[] }[] = [];
  const values = new Map<string, string>();
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    const step = stepOf(instruction, values);
    if (step.keyword === 'FROM') {
      const [from = '', , name = ''] = step.words;
      stages.push({ from, name, steps: [] });
    } else if (step.keyword === 'ARG') {
      const [name = '', value = ''] = step.text.split('=', 2);
      values.set(name, value);
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`${step.keyword} before the first FROM`);
      stage.steps.push(step);
    }
  }
  return stages;
}

/** The words of the last instruction of that kind in a stage, in its exec form; throws when it has another. */
export function execForm(stage: Stage, keyword: string): string[] {
  const text = stage.steps.findLast((step) => step.keyword === keyword)?.text ?? '[]';
  const words: unknown = JSON.parse(text.replace(/^CMD\s+/, ''));
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new Error(`${keyword} is not in its exec form: ${text}`);
}

/** What the stage sets with ENV. */
export function environmentOf({ steps }: Stage): Record<string, string> {
  const pairs = steps.filter(({ keyword }) => keyword === 'ENV').flatMap(({ words }) => words);
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** The text of the last instruction of that kind; null when there is none. */
export function lastOf({ steps }: Stage, keyword: string): string | null {
  return steps.findLast((step) => step.keyword === keyword)?.text ?? null;
}

function stepOf(instruction: Instruction, values: ReadonlyMap<string, string>): Step {
  const keyword = instruction.getKeyword();
  const joined = (instruction.getArgumentsContent() ?? '').replaceAll(/\\\n\s*/g, '');
  // A shell puts in its own.
  const text = keyword === 'RUN' ? joined : fill(joined, values, keyword);
  const flags = hasFlags(instruction) ? instruction.getFlags() : [];
  return {
    keyword,
    flags: new Map(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
    text,
    words: text.split(/\s+/).filter((word) => word !== ''),
  };
}

function fill(text: string, values: ReadonlyMap<string, string>, keyword: string): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${keyword} uses \${${name}}, which no ARG declares`);
    return value;
  });
}

function hasFlags(instruction: Instruction): instruction is ModifiableInstruction {
  return 'getFlags' in instruction;
}
