/**
 * The first of `offered` (media types, in the order in which we prefer them) that an Accept header asks for most, by
 * RFC 9110 section 12.5.1; null when it takes none of them. Without a header anything is taken.
 */
export function acceptedFormat<Format extends string>(
  accept: string | undefined,
  offered: readonly Format[],
): Format | null {
  if (accept === undefined || accept.trim() === '') return offered[0] ?? null;
  const ranges = accept.split(',').map(parseRange);
  let best: { format: Format; quality: number } | null = null;
  for (const format of offered) {
    const quality = qualityOf(format, ranges);
    if (quality > (best?.quality ?? 0)) best = { format, quality };
  }
  return best?.format ?? null;
}

type Range = { readonly type: string; readonly quality: number };

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The most specific range decides. */
function qualityOf(format: string, ranges: readonly Range[]): number {
  for (const pattern of [format, `${format.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find(({ type }) => type === pattern);
    if (range) return range.quality;
  }
  return 0;
}
