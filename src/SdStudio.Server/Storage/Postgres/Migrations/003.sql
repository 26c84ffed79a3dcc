-- Where the other machines reach a machine, and what it tells of its devices and models, as JSON.
ALTER TABLE nodes ADD COLUMN address text;
ALTER TABLE nodes ADD COLUMN report text;

-- What the model's file was when the job was asked for: machines with another file of that name leave it to others.
ALTER TABLE jobs ADD COLUMN model_hash text;
