-- What build_risk_table makes by default from the same clean tables, but for the day of the last clean image.
-- Nearest cement: the places cemented on day 0 as bits of one integer per patient; above a vertebra the highest bit
-- below its own, below it the lowest bit above. Joining every vertebra with every cemented one and grouping takes half
-- as long again.
CREATE OR REPLACE TABLE risk_table AS
WITH index_days AS MATERIALIZED (
    SELECT patient, min(day) AS index_day FROM procedures GROUP BY patient
),
later AS (
    SELECT patient, min(day - index_day)::INTEGER AS next_procedure
    FROM procedures JOIN index_days USING (patient) WHERE day > index_day GROUP BY patient
),
imaged AS (
    SELECT patient, max(day) AS last_image FROM imaging GROUP BY patient
),
broken AS (
    SELECT patient, max(day) AS last_fracture FROM fractures GROUP BY patient
),
seen AS (
    SELECT patient, thoracic, lumbar, (death - index_day)::INTEGER AS death, next_procedure, last_fracture, index_day,
        coalesce(last_imaging, CASE WHEN last_image IS NOT NULL THEN least(last_image, death) END, last_contact) AS last_seen
    FROM patients JOIN index_days USING (patient)
        LEFT JOIN later USING (patient) LEFT JOIN imaged USING (patient) LEFT JOIN broken USING (patient)
    WHERE NOT procedure_set_aside
),
followed AS (
    SELECT patient, thoracic, lumbar, death,
        least(coalesce(death, greatest(last_seen, last_fracture) - index_day), next_procedure)::INTEGER AS last_day
    FROM seen WHERE last_seen IS NOT NULL OR death IS NOT NULL
),
cement AS MATERIALIZED (
    SELECT patient, slot, min(day - index_day)::INTEGER AS cemented
    FROM procedures JOIN index_days USING (patient)
        JOIN (SELECT DISTINCT slot FROM spines) ON (level_mask >> slot) & 1 = 1
    GROUP BY patient, slot
),
fractured AS (
    SELECT patient, level,
        min(day - index_day) FILTER (status = 'new')::INTEGER AS new,
        min(day - index_day) FILTER (status = 'prevalent')::INTEGER AS prevalent
    FROM fractures JOIN index_days USING (patient) GROUP BY patient, level
),
placed AS (
    SELECT patient, bit_or(1::INTEGER << place) AS places
    FROM cement JOIN patients USING (patient) JOIN spines USING (thoracic, lumbar, slot)
    WHERE cemented = 0 GROUP BY patient
),
at_risk AS (
    SELECT patient, slot, level, region, death, new, least(last_day, cemented) AS last_day,
        (place - floor(log2(nullif(places & ((1::INTEGER << place) - 1), 0))))::TINYINT AS above,
        log2(nullif((places >> place) & -(places >> place), 0))::TINYINT AS below
    FROM followed JOIN spines USING (thoracic, lumbar) JOIN placed USING (patient)
        LEFT JOIN cement USING (patient, slot) LEFT JOIN fractured USING (patient, level)
    WHERE slot <= 17 -- L5
        AND (cemented IS NULL OR cemented > 0)
        AND (prevalent IS NULL OR prevalent > new)
)
SELECT patient, level, region, least(above, below) AS distance,
    (CASE WHEN above IS NULL OR below < above THEN 'above' WHEN below IS NULL OR above < below THEN 'below' ELSE 'between'
    END)::direction AS direction,
    least(above, below) <= 1 AS is_adjacent,
    coalesce(above = 1 AND below = 1, false) AS is_sandwich,
    CASE WHEN new <= last_day THEN greatest(new, 0) ELSE last_day END AS days,
    (CASE WHEN new <= last_day THEN 'fracture' WHEN death <= last_day THEN 'death' ELSE 'censored' END)::outcome AS outcome
FROM at_risk
ORDER BY patient, slot
