-- Full text with comments and word beginnings, over whole organizations, and typos by trigrams.
create extension if not exists pg_trgm;

-- Words as people write them, so that what they type is the beginning of one; English makes "notif" of "notifications".
create text search dictionary plain_word (template = simple, stopwords = english);
create text search configuration plain_words (copy = simple);
alter text search configuration plain_words alter mapping for
  asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart with plain_word;

-- Words in any form, and as written where that differs.
create function title_words(title text) returns tsvector language plpgsql immutable as $$
declare
  forms tsvector := to_tsvector('english', title);
begin
  return setweight(forms || ts_delete(to_tsvector('plain_words', title), tsvector_to_array(forms)), 'A');
end
$$;
create function body_words(body text, weight "char") returns tsvector language plpgsql immutable as $$
declare
  forms tsvector := to_tsvector('english', body);
begin
  return setweight(forms, weight) || strip(ts_delete(to_tsvector('plain_words', body), tsvector_to_array(forms)));
end
$$;

-- Issues on the board only: a deleted one has no row.
alter table issue_texts
  add column org_id uuid,
  -- In the order of creation, or of restoration.
  add column place bigint generated always as identity;

-- Words of titles, of all organizations: near ones are what a mistyped word may have meant.
create table known_words (word text primary key);
create index known_words_near on known_words using gin (word gin_trgm_ops) with (gin_pending_list_limit = 256);

create function index_text(issue issues) returns void language plpgsql as $$
declare
  org uuid;
  scope tsvector;
  said text;
begin
  select org_id into org from projects where id = issue.project_id;
  -- No word of a text begins with @.
  scope := array_to_tsvector(array['@' || issue.project_id, '@' || org]) || title_words(issue.title);
  select left(string_agg(body, E'\n' order by created_at, id), 100000) into said
  from comments where issue_id = issue.id;
  if octet_length(issue.description) + coalesce(octet_length(said), 0) < 100000 then
    perform save_text(issue.id, org, scope || body_words(issue.description, 'B') || body_words(coalesce(said, ''), 'C'));
  else
    begin
      perform save_text(issue.id, org, scope || body_words(issue.description, 'B') || body_words(said, 'C'));
    exception when program_limit_exceeded then
      -- More different words than a tsvector holds: the title is found.
      perform save_text(issue.id, org, scope);
    end;
  end if;
end
$$;
create function save_text(issue uuid, org uuid, found tsvector) returns void language sql as $$
  insert into issue_texts (issue_id, org_id, words) values (issue, org, found)
  on conflict (issue_id) do update set words = excluded.words
$$;

create or replace function index_issue_text() returns trigger language plpgsql as $$
begin
  if new.deleted_at is not null then
    delete from issue_texts where issue_id = new.id;
    return null;
  end if;
  perform index_text(new);
  -- Sorted, so that two who learn the same words seldom wait for each other.
  insert into known_words
  select typed.word from unnest(tsvector_to_array(to_tsvector('plain_words', new.title))) as typed(word)
  where typed.word ~ '^[[:alpha:]]{3,30}$' and not exists (select from known_words k where k.word = typed.word)
  order by typed.word
  on conflict do nothing;
  return null;
end
$$;
drop trigger issues_text on issues;
create trigger issues_text after insert or update of title, description, deleted_at on issues
  for each row execute function index_issue_text();

-- By statement: one deletes all comments of a purged issue, which is gone by then and needs no new text.
create function index_new_comments() returns trigger language plpgsql as $$
begin
  -- The words before need not be parsed again. 20,000 different ones are enough of a talk.
  update issue_texts t set words = t.words || said.words
  from (
    select issue_id, body_words(string_agg(body, E'\n' order by created_at, id), 'C') as words from fresh group by issue_id
  ) as said
  where t.issue_id = said.issue_id and length(t.words) < 20000;
  return null;
exception when program_limit_exceeded then
  return null;
end
$$;
create function index_changed_comments() returns trigger language plpgsql as $$
begin
  perform index_text(i) from issues i where id in (select issue_id from stale) and deleted_at is null;
  return null;
end
$$;
create trigger comments_added after insert on comments
  referencing new table as fresh for each statement execute function index_new_comments();
create trigger comments_edited after update on comments
  referencing old table as stale for each statement execute function index_changed_comments();
create trigger comments_deleted after delete on comments
  referencing old table as stale for each statement execute function index_changed_comments();

-- What was there before.
delete from issue_texts;
alter table issue_texts alter column org_id set not null;
update issues set title = title;
create index issue_texts_org on issue_texts (org_id, place);

-- Words that a mistyped one may stand for: with two letters swapped or one too many, which trigrams of short words miss,
-- and those that look like it.
create function near_words(typed text) returns table (word text) language sql stable
  set pg_trgm.similarity_threshold = 0.25 as $$
  select k.word from known_words k where k.word = any(array(
    select left(typed, i - 1) || substr(typed, i + 1, 1) || substr(typed, i, 1) || substr(typed, i + 2)
    from generate_series(1, length(typed) - 1) i
    union all
    select left(typed, i - 1) || substr(typed, i + 1) from generate_series(1, length(typed)) i
  ))
  union
  (select k.word from known_words k where k.word % typed order by similarity(k.word, typed) desc, k.word limit 50)
$$;

-- The latest matches of a scope, an organization's or a project's id, and how good they are; those of `first` before others.
-- Planned anew for each search: by the words when these are rare, by place when they are everywhere.
create function rank_texts(org uuid, scope tsquery, wanted tsquery, first tsquery, most int)
  returns table (issue_id uuid, place bigint, rank double precision)
  language plpgsql stable set plan_cache_mode = force_custom_plan as $$
begin
  if numnode(wanted) = 0 then return; end if;
  return query
    -- 32 keeps it below 1.
    select f.issue_id, f.place,
      ts_rank('{0.05, 0.15, 0.3, 1}', f.words, wanted, 32) + case when f.words @@ first then 1 else 0 end
    from (
      select t.issue_id, t.place, t.words from issue_texts t
      where t.org_id = org and t.words @@ (scope && wanted) order by t.place desc limit most
    ) as f;
end
$$;
