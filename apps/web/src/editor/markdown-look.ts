import { defineLanguageFacet, HighlightStyle, Language, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';
import { GFM, parser } from '@lezer/markdown';

/**
 * Plain text that looks a little like what it means when it is written as Markdown. `@codemirror/lang-markdown` would
 * bring the HTML, CSS and JavaScript languages along and triple the page.
 */
const markdown = new Language(defineLanguageFacet(), parser.configure(GFM), [], 'markdown');

const look = HighlightStyle.define([
  { tag: tags.heading1, class: 'md-h1' },
  { tag: tags.heading2, class: 'md-h2' },
  { tag: tags.heading3, class: 'md-h3' },
  { tag: [tags.heading4, tags.heading5, tags.heading6], class: 'md-h4' },
  { tag: tags.strong, class: 'md-strong' },
  { tag: tags.emphasis, class: 'md-em' },
  { tag: tags.strikethrough, class: 'md-strike' },
  { tag: tags.monospace, class: 'md-code' },
  { tag: [tags.link, tags.url], class: 'md-link' },
  { tag: tags.quote, class: 'md-quote' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.meta], class: 'md-mark' },
]);

/** The language and its classes; the stylesheet of the page gives them their looks. */
export function markdownLook(): Extension {
  return [markdown, syntaxHighlighting(look)];
}
