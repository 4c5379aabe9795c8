/**
 * What a plugin asked for cannot be had at the moment: Redis or the database does not answer. No fault of the plugin,
 * so one that lets it pass is not charged with it: its client is told to come back.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
