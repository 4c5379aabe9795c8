/** Parses JSON that nests at most `maxDepth` levels; undefined for anything else (JSON itself has no undefined). */
export function parseShallowJson(text: string, maxDepth: number): unknown {
  // A level takes two characters, so short texts need no count.
  if (text.length > 2 * maxDepth && depthOf(text) > maxDepth) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The deepest nesting of arrays and objects in a JSON text; of no meaning for a text that is not JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}
