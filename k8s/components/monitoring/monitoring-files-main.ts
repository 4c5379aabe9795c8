/** `npm run docs:k8s`: writes the files of this component that are made from infra/. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitoringFiles } from './monitoring-files.ts';

for (const [name, text] of monitoringFiles()) {
  writeFileSync(join(import.meta.dirname, name), text);
  console.log(`k8s/components/monitoring/${name}`);
}
