import { readFileSync } from 'node:fs';

const INFRA = new URL('../../../infra/', import.meta.url);

/**
 * A file of `infra/` with its marked parts replaced, so that development and tests run what production runs. A part
 * stands between the lines `# <name>` and `# </name>`; no lines in its place leave it out.
 *
 * Throws an Error when the file has no such part any more.
 */
export function renderInfraConfig(file: string, parts: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(parts).reduce(
    (config, [name, lines]) => {
      const marked = new RegExp(`([ \\t]*)# <${name}>\\n[^]*?# </${name}>\\n`);
      if (!marked.test(config)) throw new Error(`infra/${file} has no part <${name}> any more`);
      return config.replace(marked, (_all, indent: string) =>
        lines.map((line) => `${indent}${line}\n`).join(''),
      );
    },
    readFileSync(new URL(file, INFRA), 'utf8'),
  );
}
