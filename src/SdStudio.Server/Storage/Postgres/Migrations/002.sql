-- Events without a number yet, written by the transactions of what they tell of.
CREATE TABLE event_outbox (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, channel text NOT NULL, type text NOT NULL, owner text, data bytea NOT NULL);
-- Rows live for a moment: what is left of them is cleared away before it slows the search for the first.
ALTER TABLE event_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Whom the settings name to be told of jobs that end.
CREATE TABLE webhooks (
    name  text NOT NULL PRIMARY KEY,
    -- Whose jobs; NULL for everybody's.
    owner text
);

-- What they are still to be told.
CREATE TABLE webhook_outbox (
    id         text    NOT NULL PRIMARY KEY,
    webhook    text    NOT NULL,
    job_id     text    NOT NULL,
    status     text    NOT NULL,
    created_at bigint  NOT NULL,
    due_at     bigint  NOT NULL,
    attempts   integer NOT NULL DEFAULT 0
);
CREATE INDEX webhook_outbox_due ON webhook_outbox (webhook, due_at);

-- In the transaction that ends the job, whichever machine's that is: a message is written down exactly when the end is.
CREATE FUNCTION sdstudio_tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_outbox (id, webhook, job_id, status, created_at, due_at)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), name, NEW.id, NEW.status, NEW.updated_at, NEW.updated_at FROM webhooks WHERE owner IS NULL OR owner = NEW.owner;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_webhooks AFTER UPDATE OF status ON jobs FOR EACH ROW
WHEN (NEW.status IN ('completed', 'failed', 'cancelled') AND OLD.status <> NEW.status)
EXECUTE FUNCTION sdstudio_tell_webhooks();
