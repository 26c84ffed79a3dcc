-- What a machine tells of its models, so that others take requests for them; written when it changes.
ALTER TABLE nodes ADD COLUMN catalogue text;
