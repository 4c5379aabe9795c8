import { Counter, Rate, Trend } from 'k6/metrics';

/** Every figure beside k6's own; times in ms, told by their second argument. */
export const timeToSync = new Trend('time_to_sync', true);
/** From an edit until another session's socket has read it; `path`: `same` node, or `across` nodes. */
export const deliveryLatency = new Trend('delivery_latency', true);
export const presenceLatency = new Trend('presence_latency', true);
/** From the end of a connection until its session is synced again. */
export const reconnectTime = new Trend('reconnect_time', true);
/** Of a sign-in with a password, where a scenario has some. */
export const signInTime = new Trend('sign_in_time', true);
export const signInsAccepted = new Rate('sign_ins_accepted');
/** How much later than its socket the generator takes up a message. */
export const generatorLag = new Trend('generator_lag', true);

export const editsMade = new Counter('edits_made');
/** Edits that their own author made and the server does not have at the end. */
export const editsLost = new Counter('edits_lost');
/** Edits of others since a session joined; each counts once for each session that should have it. */
export const deliveriesExpected = new Counter('deliveries_expected');
export const deliveriesReceived = new Counter('deliveries_received');
export const deliveriesMissing = new Counter('deliveries_missing');
/** Sessions of the same engine whose last cursor a session does not know. */
export const presenceMissing = new Counter('presence_missing');

/** Connections that ended before their session did, and those that did not come about; `code` as close codes are. */
export const connectionsEnded = new Counter('connections_ended');
/** Whether a session was connected from its first sync to its end. */
export const sessionsHeld = new Rate('sessions_held');
/** Whether a session's document has at the end exactly what the server has (state vectors). */
export const sessionsConverged = new Rate('sessions_converged');
