-- Reports: sites are summed over all days too, so that a board can tell how many ever held a session.
SET lock_timeout = '5s';

INSERT INTO report_total (district_id, measure, keys, amount)
SELECT district_id, measure, keys, sum(amount) FROM report_daily WHERE measure = 'site' GROUP BY 1, 2, 3
ON CONFLICT ON CONSTRAINT report_total_once DO NOTHING;
