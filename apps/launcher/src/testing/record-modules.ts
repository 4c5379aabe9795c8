import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Loaded by a process under test (`--import`): writes down which parts of OpenTelemetry it loads, however it does.
const file = process.env['RECORD_MODULES'];

registerHooks({
  load(url, context, nextLoad) {
    if (file !== undefined && url.includes('/@opentelemetry/'))
      appendFileSync(file, `${process.pid} ${url}\n`);
    return nextLoad(url, context);
  },
});
