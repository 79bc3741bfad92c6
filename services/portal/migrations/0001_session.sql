-- A sign-in under way: what has to match when the browser comes back from the identity provider. Kept for ten minutes.
create table sign_in (
    state_hash bytea primary key,
    browser_hash bytea not null,
    nonce text not null,
    code_verifier text not null,
    next text not null,
    started_at timestamptz not null
);
create index sign_in_started on sign_in (started_at);

-- Somebody signed in. The cookie holds a random id, this table only its hash; the identity token never leaves it.
create table session (
    id_hash bytea primary key,
    subject text not null,
    name text not null,
    groups text[] not null,
    provider_session text,
    id_token text not null,
    signed_in_at timestamptz not null,
    seen_at timestamptz not null
);
create index session_seen on session (seen_at);
create index session_provider on session (provider_session) where provider_session is not null;
