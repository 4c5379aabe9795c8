/** Signs all of its people in at once, each on a connection of their own, and tells its parent how that went. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { CrowdAtTheDoor, SignedIn } from './sign-in-crowd.ts';

const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

async function signIn({ url, origin, password }: CrowdAtTheDoor, email: string, address: string) {
  const startedAt = performance.now();
  const headers = { 'content-type': 'application/json', origin, 'x-forwarded-for': address };
  const asking = request(`${url}/api/auth/sign-in/email`, { method: 'POST', agent, headers });
  asking.end(JSON.stringify({ email, password }));
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return { status: answer.statusCode ?? 0, ms: performance.now() - startedAt };
}

process.once('message', async (crowd: CrowdAtTheDoor) => {
  const startedAt = performance.now();
  const answers = await Promise.all(
    crowd.emails.map((email, index) => {
      const address = `203.0.113.${1 + (index % crowd.addresses)}`;
      return signIn(crowd, email, address).catch(() => ({ status: 0, ms: Number.POSITIVE_INFINITY }));
    }),
  );
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const done: SignedIn = {
    signedIn: answers.filter(({ status }) => status === 200).length,
    refused: answers.map(({ status }) => status).filter((status) => status !== 200),
    medianMs: times[Math.floor(times.length / 2)] ?? Number.NaN,
    lastMs: performance.now() - startedAt,
  };
  process.send?.(done, () => process.disconnect());
});
