/** MUDs of foreign networks, to which members of the federation are linked, are on the router's list too. */
export const intermudForeign = `
alter table intermud_muds add column is_foreign boolean not null default false;
`;
