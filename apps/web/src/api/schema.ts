// Made by `npm run docs:api` from the schemas of the routes.

export interface paths {
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened that touches security, the newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `nextBefore` of the page before */
                    before?: string;
                    /** @description About one document only */
                    docId?: string;
                    /** @description Of one kind only, like sign-in-failed or grant-changed */
                    kind?: string;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            events: {
                                /** @description The principal that did it; null where nobody is known */
                                actor: string | null;
                                address: string | null;
                                /** Format: date-time */
                                at: string;
                                details: {
                                    [key: string]: unknown;
                                };
                                docId: string | null;
                                id: string;
                                kind: string;
                                node: string;
                                /** @description Whom or what it was done to */
                                subject: string | null;
                            }[];
                            /** @description Null on the last page */
                            nextBefore: string | null;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/cluster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The nodes and workers of the cluster, and what waits to be folded */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description The name of the node that answers */
                            answeredBy: string;
                            /** @description As the newest sweep of a worker found it; null before the first */
                            backlog: {
                                /** @description Of these, those with updates that no snapshot covers */
                                documents: number | null;
                                /** @description Documents that have a log */
                                logDocuments: number | null;
                                /** @description For how long the oldest of these has been seen without a fold */
                                oldestMs: number | null;
                                /** @description Documents that are set aside */
                                quarantinedDocuments: number | null;
                                /** @description Log entries that are set aside */
                                quarantinedEntries: number | null;
                                /** @description How old these figures are */
                                sweptMsAgo: number;
                            } | null;
                            nodes: {
                                /** @description Mean time of an append within the last seconds; null where there was none */
                                appendMs: number | null;
                                /** @description Open WebSockets */
                                connections: number | null;
                                /** @description Documents open on it */
                                documents: number | null;
                                /** @description How late its event loop ran within the last seconds; 99 of 100 times it was less */
                                eventLoopMs: number | null;
                                /** @description Since its last report */
                                heardMsAgo: number;
                                /** @description Of one start of the process */
                                id: string;
                                /** @description Resident memory of its process */
                                memoryBytes: number | null;
                                name: string;
                                /** @description Age of the oldest update of its open documents that no snapshot covers */
                                oldestUnfoldedMs: number | null;
                                /** @description What waits for slow clients */
                                outboxBytes: number | null;
                                /** @description Updates that are accepted and not yet durable */
                                pendingBytes: number | null;
                                /**
                                 * @description overloaded: it refuses newcomers until it has caught up. deaf: it does not hear its own heartbeat through Redis. silent: its reports have stopped
                                 * @enum {string}
                                 */
                                state: "ready" | "overloaded" | "deaf" | "draining" | "silent" | "unknown";
                                /** @description Since its start */
                                upMs: number | null;
                                version: string;
                            }[];
                            workers: {
                                /** @description How late its event loop ran within the last seconds; 99 of 100 times it was less */
                                eventLoopMs: number | null;
                                /** @description Of these, those that failed and are tried again */
                                failures: number | null;
                                /** @description Fold jobs that ended since its start */
                                folds: number | null;
                                /** @description Since its last report */
                                heardMsAgo: number;
                                /** @description Of one start of the process */
                                id: string;
                                /** @description Resident memory of its process */
                                memoryBytes: number | null;
                                name: string;
                                /** @description Folds under way */
                                running: number | null;
                                /** @enum {string} */
                                state: "working" | "draining" | "silent" | "unknown";
                                /** @description Since its start */
                                upMs: number | null;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your agents and their tokens */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            agents: {
                                /** Format: date-time */
                                createdAt: string;
                                id: string;
                                name: string;
                                tokens: {
                                    /** Format: date-time */
                                    createdAt: string;
                                    docs: string[] | null;
                                    /** Format: date-time */
                                    expiresAt: string;
                                    id: string;
                                    /** @description To the minute */
                                    lastUsedAt: string | null;
                                    name: string;
                                    revokedAt: string | null;
                                    scopes: ("read" | "write" | "mint")[];
                                }[];
                            }[];
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        /** Create an agent */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        name: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            createdAt: string;
                            id: string;
                            name: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete an agent: its tokens and the document tokens that they minted end */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a token for an agent */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description The documents it is good for; all that the agent or its owner can reach unless given */
                        docs?: string[];
                        expiresInSeconds: number;
                        name: string;
                        /** @description `read` and `write` documents; `mint` document tokens for people of your own */
                        scopes: ("read" | "write" | "mint")[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            expiresAt: string;
                            id: string;
                            /** @description Shown once */
                            token: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/tokens/{tokenId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a token */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    tokenId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the documents you may open */
        get: {
            parameters: {
                query?: {
                    /** @description `nextCursor` of the page before */
                    cursor?: string;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description The latest first; may be fewer than asked for */
                            documents: {
                                /** Format: date-time */
                                createdAt: string;
                                id: string;
                                /**
                                 * @description Yours
                                 * @enum {string}
                                 */
                                role: "viewer" | "editor" | "owner";
                                title: string;
                                /**
                                 * Format: date-time
                                 * @description Last renamed, or edited; an edit shows within half a minute
                                 */
                                updatedAt: string;
                            }[];
                            /** @description Null on the last page */
                            nextCursor: string | null;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Create a document
         * @description You own it; what an agent creates, its owner owns. 409 for an id that is or was taken.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description A random one unless given; an id is never used twice */
                        id?: string;
                        /**
                         * @description One line; may be empty
                         * @default
                         */
                        title?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            createdAt: string;
                            id: string;
                            /**
                             * @description Yours
                             * @enum {string}
                             */
                            role: "viewer" | "editor" | "owner";
                            title: string;
                            /**
                             * Format: date-time
                             * @description Last renamed, or edited; an edit shows within half a minute
                             */
                            updatedAt: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/{docId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read about a document */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            createdAt: string;
                            id: string;
                            /**
                             * @description Yours
                             * @enum {string}
                             */
                            role: "viewer" | "editor" | "owner";
                            title: string;
                            /**
                             * Format: date-time
                             * @description Last renamed, or edited; an edit shows within half a minute
                             */
                            updatedAt: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete a document
         * @description For owners: with everything of it, for good. Whoever has it open is sent away (4404).
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Rename a document
         * @description For editors.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description One line; may be empty */
                        title: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            createdAt: string;
                            id: string;
                            /**
                             * @description Yours
                             * @enum {string}
                             */
                            role: "viewer" | "editor" | "owner";
                            title: string;
                            /**
                             * Format: date-time
                             * @description Last renamed, or edited; an edit shows within half a minute
                             */
                            updatedAt: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/docs/{docId}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a document
         * @description By Accept: `application/octet-stream` is one Yjs update (v1) with everything, `application/json` the root types by name, `text/plain` the text of one of them. It holds every change that was acknowledged before. 413 for a document that is too large for one piece.
         */
        get: {
            parameters: {
                query?: {
                    /** @description For `text/plain`: the name of the root type */
                    root?: string;
                };
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/{docId}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List who may do what
         * @description For owners.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            grants: {
                                /** Format: date-time */
                                createdAt: string;
                                email: string | null;
                                /** @enum {string} */
                                kind: "user" | "agent";
                                name: string;
                                principalId: string;
                                /** @enum {string} */
                                role: "viewer" | "editor" | "owner";
                            }[];
                            /** @description Null where there is none */
                            link: {
                                /** Format: date-time */
                                createdAt: string;
                                /** @enum {string} */
                                role: "viewer" | "editor";
                                token: string;
                            } | null;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/{docId}/grants/{principalId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Grant a role
         * @description For owners. It counts at once, for those who have the document open too. A second link replaces nothing: the link stays and its role changes. 409 for the last owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                    /** @description `user:<id>`, `agent:<id>`, `email:<address>` of an account, or `link`: anyone with the link */
                    principalId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description Agents and links can be `viewer` or `editor`
                         * @enum {string}
                         */
                        role: "viewer" | "editor" | "owner";
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            principalId: string;
                            /** @enum {string} */
                            role: "viewer" | "editor" | "owner";
                            /** @description Of the link: `kryton-token` and bearer for whoever has it */
                            token?: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Remove a grant or the link
         * @description For owners, and for whoever leaves. 409 for the last owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                    /** @description `user:<id>`, `agent:<id>`, `email:<address>` of an account, or `link`: anyone with the link */
                    principalId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/{docId}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a document token for a person of your own
         * @description Needs an agent token with the scope `mint`, on a document where it has the role asked for.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        expiresInSeconds: number;
                        /** @description Shown to others in the document */
                        name: string;
                        /** @enum {string} */
                        role: "viewer" | "editor";
                        /** @description As your own server knows them */
                        userId: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** Format: date-time */
                            expiresAt: string;
                            token: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/{docId}/updates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Append an update
         * @description For editors. The body is a Yjs update (v1) of at most 50 MB, as `application/octet-stream`. When it is answered the update is stored and on its way to everybody; it may be sent again after any error.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    docId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest invitations */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            invitations: {
                                /** Format: date-time */
                                createdAt: string;
                                email: string | null;
                                /** Format: date-time */
                                expiresAt: string;
                                id: string;
                                usedAt: string | null;
                            }[];
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        /** Invite somebody */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * Format: email
                         * @description Only this address may use it; it may also sign up by a provider
                         */
                        email?: string;
                        /** @default 604800 */
                        expiresInSeconds?: number;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Shown once */
                            code: string;
                            /** Format: date-time */
                            expiresAt: string;
                            id: string;
                            /** @description Opens the page with the code in its fragment */
                            url: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take an invitation back */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who you are */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Null for whoever has none */
                            email: string | null;
                            /** @description The principal, as grants name it */
                            id: string;
                            isAdmin: boolean;
                            /** @enum {string} */
                            kind: "user" | "guest" | "agent" | "member" | "visitor";
                            name: string;
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/node": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The node that answers */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Its name */
                            node: string;
                            signIn: {
                                /** @description Whether opening a document that does not exist creates it */
                                createOnOpen: boolean;
                                /** @description Whether one may sign in as a guest */
                                guests: boolean;
                                readonly providers: ("google" | "github")[];
                                /** @enum {string} */
                                registration: "open" | "invitation";
                            };
                            /** @description Where else to go when it stops answering; empty behind a proxy */
                            readonly urls: string[];
                        };
                    };
                };
                /** @description An error of the closed table */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Error: {
            error: {
                /** @enum {string} */
                code: "badDocId" | "badRequest" | "unauthenticated" | "forbidden" | "notFound" | "notAcceptable" | "timeout" | "conflict" | "tooLarge" | "unsupportedMedia" | "upgradeRequired" | "tooMany" | "headersTooLarge" | "internal" | "draining" | "full" | "overloaded" | "switchedOff" | "logUnreachable" | "unavailable";
                /** @description What is wrong with the request, without what was sent */
                details?: {
                    /** @description A path like scopes/0; empty for the part as a whole */
                    field: string;
                    /** @description body, params, querystring or headers */
                    in: string;
                    problem: string;
                }[];
                /** @description For people; may change */
                message: string;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
