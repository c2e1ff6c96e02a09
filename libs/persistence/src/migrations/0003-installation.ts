/** How a cluster was installed, for services that are set up otherwise to see it. */
export const installation = `
-- Null until the first service starts.
alter table log_meta add column partitions int;
`;
