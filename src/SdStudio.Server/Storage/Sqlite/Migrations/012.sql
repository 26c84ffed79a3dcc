-- Prompts come into the index when a job ends or somebody searches: half of what a commit of new jobs wrote was this index. What lacks in it
-- are the jobs behind its last, for numbers only grow while there are jobs behind them.
DROP TRIGGER job_search_add;
