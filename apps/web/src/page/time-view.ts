import { relativeTime } from '../time/relative-time.ts';
import { element } from './element.ts';

/** A time as people say it, with the exact one in its title. */
export function timeView(iso: string): HTMLTimeElement {
  const exact = new Date(iso).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  return element('time', { datetime: iso, title: exact }, relativeTime(iso, Date.now()));
}
