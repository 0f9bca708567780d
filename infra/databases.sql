-- Beside the database of Prefect, which the image makes itself. Read once, when the volume is empty.
CREATE DATABASE mlflow;
