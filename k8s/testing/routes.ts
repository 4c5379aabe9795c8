import type { IBackendTrafficPolicy } from '@kubernetes-models/envoy-gateway/gateway.envoyproxy.io/v1alpha1/BackendTrafficPolicy';
import type { IClientTrafficPolicy } from '@kubernetes-models/envoy-gateway/gateway.envoyproxy.io/v1alpha1/ClientTrafficPolicy';
import type { IGateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IIngressRoute } from '@kubernetes-models/traefik/traefik.io/v1alpha1/IngressRoute';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IService } from 'kubernetes-models/v1/Service';
import { idOf, type Manifest, ofKind } from './manifests.ts';

/** Annotations that their controllers know, and what those that matter must be. A misspelt one is ignored by them. */
const NGINX = /^nginx\.ingress\.kubernetes\.io\//;
const HAPROXY = /^haproxy\.org\//;
/** https://github.com/kubernetes/ingress-nginx/blob/main/docs/user-guide/nginx-configuration/annotations-risk.md */
const NGINX_KNOWS = [
  'load-balance',
  'proxy-body-size',
  'proxy-connect-timeout',
  'proxy-next-upstream',
  'proxy-read-timeout',
  'proxy-request-buffering',
  'proxy-send-timeout',
  'ssl-redirect',
];
/** https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md, column "Ingress" */
const HAPROXY_KNOWS = [
  'backend-config-snippet',
  'check',
  'forwarded-for',
  'load-balance',
  'request-set-header',
  'ssl-redirect',
  'ssl-redirect-port',
  'timeout-server',
];
const HOUR_SECONDS = 3_600;
/** Envoy's own limits of connections and requests are 1,024 each; a node's MAX_CONNECTIONS is 20,000. */
const ENVOY_AT_LEAST = 100_000;

/** What is wrong with the way in. */
export function routeProblems(manifests: readonly Manifest[]): string[] {
  const config = ofKind<IConfigMap>(manifests, 'ConfigMap').find(({ data }) => data?.['APP_URL']);
  const { hostname, protocol } = new URL(config?.data?.['APP_URL'] ?? 'none:');
  const hosts = hostsOf(manifests);
  return [
    ...hosts.filter(({ host }) => host !== hostname).map(({ id, host }) => `${id} is for ${host}`),
    ...(hosts.length === 0 && protocol === 'https:' ? ['there is no way in'] : []),
    ...ofKind<IService>(manifests, 'Service')
      .filter(({ spec }) => (spec?.sessionAffinity ?? 'None') !== 'None')
      .map((service) => `${idOf(service)} ties clients to a node`),
    ...ofKind<IIngress>(manifests, 'Ingress').flatMap(annotationProblems),
    ...envoyProblems(manifests),
    ...traefikProblems(manifests),
  ];
}

function hostsOf(manifests: readonly Manifest[]): { id: string; host: string | undefined }[] {
  const hosts = (manifest: Manifest, found: readonly (string | undefined)[]) =>
    found.map((host) => ({ id: idOf(manifest), host }));
  return [
    ...ofKind<IGateway>(manifests, 'Gateway').flatMap((each) =>
      hosts(each, each.spec.listeners?.map(({ hostname }) => hostname) ?? []),
    ),
    ...ofKind<IHTTPRoute>(manifests, 'HTTPRoute').flatMap((each) =>
      hosts(each, each.spec.hostnames ?? [undefined]),
    ),
    ...ofKind<IIngress>(manifests, 'Ingress').flatMap((each) =>
      hosts(each, [
        ...(each.spec?.rules ?? []).map(({ host }) => host),
        ...(each.spec?.tls ?? []).flatMap(({ hosts: of }) => of ?? []),
      ]),
    ),
    ...ofKind<IIngressRoute>(manifests, 'IngressRoute').flatMap((each) =>
      hosts(
        each,
        each.spec.routes.map(
          ({ match }) => /^Host\(`([^`]+)`\)(?: && PathPrefix\(`[^`]+`\))?$/.exec(match)?.[1],
        ),
      ),
    ),
  ];
}

function annotationProblems(ingress: Manifest & IIngress): string[] {
  const annotations = Object.entries(ingress.metadata.annotations ?? {});
  const unknown = annotations.filter(
    ([key]) =>
      !NGINX_KNOWS.includes(key.replace(NGINX, '')) && !HAPROXY_KNOWS.includes(key.replace(HAPROXY, '')),
  );
  const value = (name: string) => annotations.find(([key]) => key.endsWith(`/${name}`))?.[1];
  const isNginx = annotations.some(([key]) => NGINX.test(key));
  const timeouts = isNginx ? ['proxy-read-timeout', 'proxy-send-timeout'] : ['timeout-server'];
  const short = timeouts.filter((name) => secondsOf(value(name)) < HOUR_SECONDS);
  return [
    ...unknown.map(([key]) => `no controller knows ${key}`),
    ...short.map((name) => `${name} is less than an hour`),
    ...(isNginx && value('proxy-body-size') !== '50m' ? ['an import of 50 MB does not get through'] : []),
    ...(isNginx || value('load-balance') === 'leastconn' ? [] : ['HAProxy does not count connections']),
  ].map((problem) => `${idOf(ingress)}: ${problem}`);
}

function envoyProblems(manifests: readonly Manifest[]): string[] {
  const backends = ofKind<IBackendTrafficPolicy>(manifests, 'BackendTrafficPolicy');
  const clients = ofKind<IClientTrafficPolicy>(manifests, 'ClientTrafficPolicy');
  if (backends.length + clients.length === 0) return [];
  const route = ofKind<IHTTPRoute>(manifests, 'HTTPRoute').find(({ metadata }) => metadata.name === 'kryton');
  const [backend] = backends;
  const [client] = clients;
  const { maxConnections, maxParallelRequests } = backend?.spec.circuitBreaker ?? {};
  return [
    ...(route?.spec.rules?.every(({ timeouts }) => timeouts?.request === '0s')
      ? []
      : ['a request has a limit of time']),
    ...(secondsOf(client?.spec.timeout?.http?.streamIdleTimeout) >= HOUR_SECONDS
      ? []
      : ['idle sockets are cut']),
    ...((maxConnections ?? 0) >= ENVOY_AT_LEAST && (maxParallelRequests ?? 0) >= ENVOY_AT_LEAST
      ? []
      : ['Envoy opens too few connections']),
    ...(backend?.spec.loadBalancer?.type === 'LeastRequest' ? [] : ['Envoy does not count requests']),
  ];
}

function traefikProblems(manifests: readonly Manifest[]): string[] {
  return ofKind<IIngressRoute>(manifests, 'IngressRoute')
    .filter(({ spec }) => spec.tls !== undefined)
    .flatMap((route) => route.spec.routes.flatMap(({ services }) => services ?? []))
    .flatMap(({ strategy, sticky }) => [
      ...(strategy === 'p2c' ? [] : ['Traefik does not count requests']),
      ...(sticky === undefined ? [] : ['Traefik ties clients to a node']),
    ]);
}

/** `1h`, `90s` or `3600`, as these controllers write it; 0 when there is none. */
function secondsOf(text: string | undefined): number {
  const [, number, unit = 's'] = /^(\d+)([hms]?)$/.exec(text ?? '') ?? [];
  const factor = unit === 'h' ? HOUR_SECONDS : unit === 'm' ? 60 : 1;
  return Number(number ?? 0) * factor;
}
