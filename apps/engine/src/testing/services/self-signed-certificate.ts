import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEADLINE_MS = 20_000;

/** The files of a certificate, which stay where they are when it is renewed. */
export type SelfSignedCertificate = {
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly both: string;
  /** The certificate itself, for who shall trust it. */
  readonly pem: string;
};

/** As the configurations of infra/ call the place. */
export const PUBLIC_HOST = 'docs.example.com';

/** Writes a new certificate for {@link PUBLIC_HOST} into `dir`, over the one that may be there. Throws an Error where there is no `openssl`. */
export async function makeCertificate(dir: string): Promise<SelfSignedCertificate> {
  const [certificate, key, both] = [join(dir, 'cert.pem'), join(dir, 'key.pem'), join(dir, 'both.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const args = [
    'req',
    '-x509',
    ...kind,
    '-subj',
    `/CN=${PUBLIC_HOST}`,
    '-addext',
    `subjectAltName=DNS:${PUBLIC_HOST}`,
  ];
  await run('openssl', [...args, '-keyout', key, '-out', certificate], { timeout: DEADLINE_MS });
  const pem = readFileSync(certificate, 'utf8');
  writeFileSync(both, pem + readFileSync(key, 'utf8'));
  return { certificate, key, both, pem };
}
