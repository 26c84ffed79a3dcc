-- Whom the settings name to be told of jobs that end.
CREATE TABLE webhooks (
    name  TEXT NOT NULL PRIMARY KEY,
    -- Whose jobs; NULL for everybody's.
    owner TEXT
) WITHOUT ROWID;

-- What they are still to be told.
CREATE TABLE webhook_outbox (
    id         TEXT    NOT NULL PRIMARY KEY,
    webhook    TEXT    NOT NULL,
    job_id     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX webhook_outbox_due ON webhook_outbox (due_at);

-- In the transaction that ends the job, whichever that is: a message is written down exactly when the end is.
CREATE TRIGGER jobs_tell_webhooks AFTER UPDATE OF status ON jobs
WHEN NEW.status IN ('completed', 'failed', 'cancelled') AND OLD.status <> NEW.status
BEGIN
    INSERT INTO webhook_outbox (id, webhook, job_id, status, created_at, due_at)
    SELECT 'msg_' || lower(hex(randomblob(16))), name, NEW.id, NEW.status, NEW.updated_at, NEW.updated_at FROM webhooks WHERE owner IS NULL OR owner = NEW.owner;
END;
