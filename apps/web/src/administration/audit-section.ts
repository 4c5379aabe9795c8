import { listAuditEvents } from '../api/administration.ts';
import type { AuditEvent } from '../api/shapes.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { table, tableRow } from '../page/table.ts';
import { timeView } from '../page/time-view.ts';

/** What happened that matters for security, the newest first. */
export async function auditSection(): Promise<HTMLElement> {
  const failure = failureLine();
  const { root, body } = table('Audit log', ['When', 'What', 'By', 'About', 'Address', 'Node']);
  let before: string | null = null;
  const load = async () => {
    const { events, nextBefore } = await listAuditEvents(before);
    before = nextBefore;
    body.append(...events.map(eventRow));
    more.hidden = nextBefore === null;
  };
  const more = actionButton('Show more', { testId: 'more-events' }, failure, load);
  more.hidden = true;
  await load().catch(failure.show);
  return section('Audit log', 'audit', root, more, failure.root);
}

function eventRow({ at, kind, actor, subject, docId, address, node }: AuditEvent): HTMLElement {
  // Most people do something about themselves.
  const others = [subject === actor ? null : subject, docId === null ? null : `document ${docId}`];
  const about = others.filter((part) => part !== null).join(', ');
  const cells = [kind.replaceAll('-', ' '), actor ?? '', about, address ?? '', node].map((text) =>
    element('span', { title: text }, text),
  );
  return tableRow('event', timeView(at), ...cells);
}
