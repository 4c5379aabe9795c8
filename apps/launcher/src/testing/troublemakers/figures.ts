/** What a troublemaker counts; `begun` once it is at it. */
export type Figures = Record<string, number>;
