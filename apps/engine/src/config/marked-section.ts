/** A part of a Markdown document that a command writes: the lines `<!-- name: made by … -->` and `<!-- /name -->`. */
export type MarkedSection = { readonly begins: string; readonly ends: string };

/** The markers of the section `name`, which `npm run <command>` makes. */
export function markedSection(name: string, command: string): MarkedSection {
  return { begins: `<!-- ${name}: made by npm run ${command} -->`, ends: `<!-- /${name} -->` };
}

/** `document` with what stands between the markers replaced by `body`; null when it has no markers. */
export function withSection(document: string, { begins, ends }: MarkedSection, body: string): string | null {
  const from = document.indexOf(begins);
  const to = document.indexOf(ends);
  if (from < 0 || to < from) return null;
  return `${document.slice(0, from + begins.length)}\n\n${body}\n\n${document.slice(to)}`;
}
