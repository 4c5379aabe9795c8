import { describe, expect, it } from 'vitest';
import { renderNginxConfig } from './nginx-config.ts';

describe('renderNginxConfig', () => {
  const config = renderNginxConfig({ dir: '/data/nginx', port: 8080, nodePorts: [8081, 8082] });

  it('puts the nodes, the port and the folders of this machine in, and nothing of the example stays', () => {
    expect(config).toContain('server 127.0.0.1:8081 max_fails=1');
    expect(config).toContain('server 127.0.0.1:8082 max_fails=1');
    expect(config).toContain('server 127.0.0.1:8082 max_fails=0');
    expect(config).toContain('listen 8080;');
    expect(config).toContain('pid /data/nginx/nginx.pid;');
    expect(config).not.toMatch(/node-1|www-data|listen (?:80|443)\b|ssl_certificate|\/run\//);
  });

  it('WIRE1 keeps what sessions need: the upgrade, an hour of idling, the next node when one refuses', () => {
    expect(config).toMatch(/proxy_set_header Upgrade +\$http_upgrade;/);
    expect(config).toMatch(/proxy_read_timeout +3600s;/);
    expect(config).toMatch(/location \/ws\/ {\s+proxy_next_upstream error timeout http_503;/);
    expect(config).toMatch(/X-Forwarded-For +\$remote_addr;/);
  });
});
