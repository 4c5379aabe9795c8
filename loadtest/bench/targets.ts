/**
 * What has been measured for others (2026-11-23: Node 24.21, Redis 7.0.15; servers and Redis on one core, the
 * generator on another, two nodes each): Hocuspocus 4.7.0 with its Redis extension, without persistence or
 * authentication, and `relay`, which writes one frame per update and publishes it on Redis without any checks.
 *
 * The targets are ratios, to be measured in one run with the alternatives on the same machine. Until then these
 * absolute figures stand in for them, and a machine of another speed moves them.
 */
export const HOCUSPOCUS = {
  hotUsPerDelivery: 9.2,
  smallUsPerEdit: 667,
  openingWallS: 17.4,
  openingUs: 1_020,
  idleKb: 62,
  presenceUsPerMove: 1_935,
  meetingUsPerAction: 1_943,
  join: { cpuMs: 31, slowestMs: 1_614, growthMb: 345 },
} as const;

/** The largest share of Hocuspocus' figure that Kryton may need. */
export const SHARE = {
  hot: 0.25,
  small: 0.6,
  /** Of the relay's median latency, not of Hocuspocus'. */
  smallP50OfRelay: 1.5,
  openingWall: 0.15,
  openingCpu: 0.6,
  idle: 0.6,
  presence: 0.25,
  meeting: 0.3,
  join: 0.2,
} as const;
