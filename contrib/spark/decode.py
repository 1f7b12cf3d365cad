"""Decodes a folder of encrypted records with Apache Spark, to Parquet with exact decimals.

spark-submit --files keys,/usr/local/bin/meterpipe decode.py archive/ readings.parquet

Lines go through `meterpipe decode` as they are: each `apdu` record is a whole telegram. The README
beside this file says more.
"""

import argparse
import itertools
import os
import shlex
import sys

from pyspark import SparkFiles
from pyspark.sql import SparkSession, functions as F
from pyspark.sql.types import DecimalType, StringType

# The exit statuses of meterpipe that this job shares.
SOME_REJECTED, WRONG_USAGE, NOTHING_FOUND, NONE_OPENED = 1, 2, 3, 4

TEXTS = ["time", "received", "meter", "system_title", "invocation_counter"]
NUMBERS = [
    "energy_import_wh",
    "energy_export_wh",
    "reactive_energy_import_varh",
    "reactive_energy_export_varh",
    "power_import_w",
    "power_export_w",
    "power_net_w",
    "reactive_power_import_var",
    "reactive_power_export_var",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "power_factor",
]

# Fifteen digits before the decimal point and three after it: more than any meter sends.
NUMBER = DecimalType(18, 3)
FITS = r"^-?[0-9]{1,15}(\.[0-9]{1,3})?$"

# Spark cuts a file into parts without a header. A part without records is valid.
HEADER = "# meterpipe-record 1"


def main():
    args = arguments()
    spark = SparkSession.builder.appName("meterpipe").getOrCreate()
    # Days and times must not depend on a machine's time zone.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    status = run(spark, args)
    spark.stop()
    sys.exit(status)


def arguments():
    parser = argparse.ArgumentParser(description="Decodes records to Parquet, with Apache Spark.")
    parser.add_argument("input", help="a folder or glob of apdu records; those in *.gz are unpacked")
    parser.add_argument("output", help="the folder to create, partitioned by meter and day")
    parser.add_argument(
        "--key-file",
        default="keys",
        help="the key file: a name given with --files, or an absolute path that is there on all nodes",
    )
    parser.add_argument(
        "--meterpipe",
        default="meterpipe",
        help="the program: a name given with --files, or an absolute path that is there on all nodes",
    )
    return parser.parse_args()


def run(spark, args):
    lines = spark.read.text(args.input)
    kinds = count_kinds(lines)
    if kinds.keys() & {"raw", "frame"}:
        say("there are raw or frame records, of which telegrams can be cut in two;")
        say("for each file: meterpipe unframe day.records > day.rec")
        return WRONG_USAGE
    records = sum(kinds.values())
    if records == 0:
        say(f"no records in {args.input}")
        return NOTHING_FOUND
    decoded = pipe(spark, lines, command(spark, args))
    table = readings(decoded)
    table.write.partitionBy("meter", "day").parquet(args.output)
    # Rows are counted in the output, because a task can run twice.
    return tell(records, spark.read.schema(table.schema).parquet(args.output).count())


def count_kinds(lines):
    """Counts the records of each kind, the second column."""
    data = lines.where(~F.col("value").startswith("#") & (F.trim("value") != ""))
    kind = F.split("value", " ").getItem(1)
    return {row["kind"]: row["count"] for row in data.groupBy(kind.alias("kind")).count().collect()}


def command(spark, args):
    """The command line of `rdd.pipe`. Telegrams that cannot be opened (status 1, or 4 if a cut has no
    others) do not fail a task, because a retry could not help. Any other status does, such as that of a
    missing key file or program."""
    fields = ",".join(TEXTS + NUMBERS)
    decode = [
        shipped(spark, args.meterpipe),
        *["decode", "--input", "records"],
        *["--format", "csv", "--no-header", "--fields", fields],
        *["--key-file", shipped(spark, args.key_file)],
    ]
    script = f"{shlex.join(decode)} || case $? in 1|4) ;; *) exit $? ;; esac"
    return shlex.join(["sh", "-c", script])


def shipped(spark, path):
    """The path of a file shipped with --files: in the executor's work folder, or in local mode in a
    folder of the driver."""
    if os.path.isabs(path):
        return path
    local = spark.sparkContext.master.startswith("local[") or spark.sparkContext.master == "local"
    return SparkFiles.get(path) if local else f"./{path}"


def pipe(spark, lines, command):
    texts = lines.rdd.map(lambda row: row.value)
    headed = texts.mapPartitions(lambda part: itertools.chain([HEADER], part))
    return spark.createDataFrame(headed.pipe(command, checkCode=True), StringType())


def readings(decoded):
    """Turns rows into columns. The format is CSV, because Spark reads a JSON number with a decimal point
    as a double, even if text is asked for."""
    shape = ", ".join(f"{name} STRING" for name in TEXTS + NUMBERS)
    row = F.from_csv("value", shape, {"mode": "FAILFAST", "escape": '"'})
    texts = decoded.select(row.alias("row")).select("row.*")
    return texts.select(
        F.to_timestamp("time").alias("time"),
        F.to_timestamp("received").alias("received"),
        "meter",
        "system_title",
        F.col("invocation_counter").cast("long").alias("invocation_counter"),
        *[exact(name) for name in NUMBERS],
        # The date of the meter's own clock.
        F.substring("time", 1, 10).cast("date").alias("day"),
    )


def exact(name):
    text = F.col(name)
    misfit = F.raise_error(F.concat(F.lit(f"{name} does not fit {NUMBER.simpleString()}: "), text))
    fits = text.isNull() | text.rlike(FITS)
    return F.when(fits, text.cast(NUMBER)).otherwise(misfit.cast(NUMBER)).alias(name)


def tell(records, opened):
    say(f"{opened} readings of {records} records")
    if opened == records:
        return 0
    say("why the others were rejected stands in the stderr of the executors")
    return SOME_REJECTED if opened else NONE_OPENED


def say(text):
    print(f"decode.py: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
