"""Compares the rows of the Spark job with the output of `meterpipe decode`. Run by `test`."""

import argparse
import contextlib
import gzip
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import warnings
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession
from pyspark.sql.types import DecimalType

import decode

METERPIPE = os.environ["METERPIPE"]
JOB = Path(__file__).with_name("decode.py")
# The work folder of the executors of a local cluster.
WORK = Path(pyspark.__file__).with_name("work")
START = ["--start", "2026-06-20T23:58:00+02:00"]
COUNT = 200

# Made up.
KEYS = [f"{digit}0112233445566778899AABBCCDDEEFF" for digit in "123"]
METERS = ["netz-noe-kaifa", "ksm-west", "netz-noe-sagemcom"]


def meterpipe(*args, stdin=b"", ends=0):
    ran = subprocess.run([METERPIPE, *args], input=stdin, capture_output=True)
    assert ran.returncode == ends, (args, ran.returncode, ran.stderr)
    return ran.stdout


class Archive:
    """A folder of three meters with three keys."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.input = self.folder / "archive"
        self.output = self.folder / "readings.parquet"
        self.input.mkdir()
        self.keys = self.secret("keys", "")
        self.captures = [self.simulate(*each) for each in enumerate(zip(METERS, KEYS), 1)]
        for number, capture in enumerate(self.captures):
            self.keep(f"{number}.rec", meterpipe("unframe", stdin=capture))

    def simulate(self, seed, kind):
        meter, key = kind
        alone = str(self.secret("alone", key))
        made = ["--meter", meter, "--seed", str(seed), "--key-file", alone, *START]
        capture = meterpipe("simulate", *made, "--count", str(COUNT))
        first = json.loads(meterpipe("decode", "--key-file", alone, stdin=capture).splitlines()[0])
        # One meter is named by its number.
        name = first["meter"] if seed == 2 else first["system_title"]
        self.secret("keys", self.keys.read_text() + f"{name} {key}\n")
        return capture

    def secret(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def keep(self, name, records):
        """The first file stays plain, so that Spark cuts it; the others are compressed."""
        if name != "0.rec":
            name, records = f"{name}.gz", gzip.compress(records)
        (self.input / name).write_bytes(records)

    def damage(self):
        """Adds a truncated record, one with a wrong digit in its head, and a line that is no record."""
        path = self.input / "0.rec"
        lines = path.read_bytes().splitlines(keepends=True)
        lines[50] = lines[50][:200] + b"\n"
        lines[70] = lines[70].replace(b" apdu db08", b" apdu db09", 1)
        lines.insert(90, b"what is this\n")
        path.write_bytes(b"".join(lines))

    def expected(self, ends=0):
        """The readings of the whole folder from one process, with numbers as printed."""
        files = sorted(self.input.iterdir())
        packed = [f.read_bytes() if f.suffix == ".rec" else gzip.decompress(f.read_bytes()) for f in files]
        text = meterpipe("decode", "--key-file", str(self.keys), stdin=b"".join(packed), ends=ends)
        readings = [
            json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.splitlines()
        ]
        return [row(reading) for reading in readings]


def row(reading):
    times = [datetime.fromisoformat(reading[name]).timestamp() for name in ("time", "received")]
    texts = [reading["meter"], reading["system_title"], int(reading["invocation_counter"])]
    return (*times, *texts, *[reading.get(name) for name in decode.NUMBERS], reading["time"][:10])


class Job(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        cls.spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
        cls.spark.sparkContext.setLogLevel("OFF")
        # PySpark leaves sockets open.
        warnings.simplefilter("ignore", ResourceWarning)
        cls.spark.conf.set("spark.sql.session.timeZone", "UTC")

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.archive = Archive(folder.name)

    def submit(self, master, *options):
        """Runs the job as a user does. Returns the exit status and the messages."""
        files = f"{self.archive.keys},{METERPIPE}"
        command = ["spark-submit", "--master", master, "--files", files, *options, str(JOB)]
        paths = [str(self.archive.input), str(self.archive.output)]
        ran = subprocess.run([*command, *paths], capture_output=True, text=True, cwd=self.archive.folder)
        said = ran.stdout + ran.stderr
        for key in KEYS:
            self.assertNotIn(key, said)
        return ran.returncode, said

    def run_here(self):
        args = argparse.Namespace(
            input=str(self.archive.input),
            output=str(self.archive.output),
            key_file=str(self.archive.keys),
            meterpipe=METERPIPE,
        )
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            status = decode.run(self.spark, args)
        return status, said.getvalue()

    def written(self):
        """The rows as text and decimals, with times as seconds."""
        # Otherwise Spark turns the meter number into a number.
        self.spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        table = self.spark.read.parquet(str(self.archive.output))
        for name in decode.NUMBERS:
            self.assertEqual(table.schema[name].dataType, DecimalType(18, 3))
        times = [table[name].cast("double") for name in ("time", "received")]
        names = ["meter", "system_title", "invocation_counter", *decode.NUMBERS, "day"]
        return [tuple(row) for row in table.select(*times, *names).collect()]

    def assert_same(self, written, expected):
        # 1.50 and 1.500 are equal and have the same hash.
        self.assertEqual(Counter(written), Counter(expected))

    def test_readings_of_all_meters_are_those_of_decode_but_for_damaged_records(self):
        self.archive.damage()
        # Many cuts, some of them without a header.
        cuts = ["--conf", "spark.sql.files.maxPartitionBytes=20000"]
        status, said = self.submit("local[2]", *cuts)
        self.assertEqual(status, decode.SOME_REJECTED, said)
        self.assertIn(f"{3 * COUNT - 2} readings of {3 * COUNT + 1} records", said)
        # In local mode the executors share the driver's standard error.
        self.assertIn("meterpipe decode: line ", said)
        expected = self.archive.expected(ends=1)
        self.assertEqual(len(expected), 3 * COUNT - 2)
        self.assertEqual(len({row[2] for row in expected}), 3)
        self.assert_same(self.written(), expected)
        days = {path.name for path in self.archive.output.glob("meter=*/day=*")}
        self.assertEqual(days, {"day=2026-06-20", "day=2026-06-21"})

    def test_a_cluster_gets_the_program_and_the_keys_and_nobody_else_may_read_them(self):
        before = set(WORK.glob("app-*"))
        status, said = self.submit("local-cluster[2,1,1024]")
        applications = set(WORK.glob("app-*")) - before
        keys = [path.stat().st_mode & 0o066 for each in applications for path in each.glob("*/keys")]
        for each in applications:
            shutil.rmtree(each)
        self.assertEqual(status, 0, said)
        self.assertIn(f"{3 * COUNT} readings of {3 * COUNT} records", said)
        self.assert_same(self.written(), self.archive.expected())
        self.assertTrue(keys)
        self.assertEqual(set(keys), {0})

    def test_a_wrong_key_of_one_meter_costs_only_that_meter(self):
        whole = self.archive.expected()
        text = self.archive.keys.read_text()
        self.archive.keys.write_text(text.replace(KEYS[2], KEYS[0]))
        status, said = self.run_here()
        self.assertEqual(status, decode.SOME_REJECTED, said)
        expected = self.archive.expected(ends=1)
        self.assertEqual(len(expected), 2 * COUNT)
        self.assertLess(set(expected), set(whole))
        self.assert_same(self.written(), expected)

    def test_with_wrong_keys_nothing_is_written(self):
        self.archive.keys.write_text("00112233445566778899AABBCCDDEEFF\n")
        status, said = self.run_here()
        self.assertEqual(status, decode.NONE_OPENED, said)
        self.assertEqual(list(self.archive.output.glob("**/*.parquet")), [])

    def test_raw_and_frame_records_are_refused(self):
        self.archive.keep("capture.rec", self.archive.captures[0])
        status, said = self.run_here()
        self.assertEqual(status, decode.WRONG_USAGE)
        self.assertIn("meterpipe unframe", said)
        self.assertFalse(self.archive.output.exists())

    def test_an_empty_archive_is_told(self):
        for path in self.archive.input.iterdir():
            path.write_bytes(b"# meterpipe-record 1\n" if path.suffix == ".rec" else gzip.compress(b""))
        self.assertEqual(self.run_here()[0], decode.NOTHING_FOUND)

    def test_the_job_fails_without_its_key_file_and_with_one_that_cannot_be_read(self):
        self.archive.keys.write_text("not a key\n")
        with self.assertRaisesRegex(Exception, "exited with error code 2"):
            self.run_here()
        shutil.rmtree(self.archive.output, ignore_errors=True)
        self.archive.keys.unlink()
        with self.assertRaisesRegex(Exception, "exited with error code 2"):
            self.run_here()
        self.assertEqual(list(self.archive.output.glob("meter=*")), [])

    def test_a_packed_file_that_breaks_off_fails_the_job(self):
        path = self.archive.input / "1.rec.gz"
        path.write_bytes(path.read_bytes()[:20000])
        with self.assertRaises(Exception):
            self.run_here()
        self.assertFalse(self.archive.output.exists())

    def test_numbers_keep_all_digits_or_fail(self):
        def made(number):
            cells = [number if name == "voltage_l1_v" else "" for name in decode.TEXTS + decode.NUMBERS]
            frame = self.spark.createDataFrame([(",".join(cells),)], ["value"])
            return decode.readings(frame).collect()[0]["voltage_l1_v"]

        # The third has more digits than a double.
        for number in ("-7", "12345678.9", "123456789012345.678", "999999999999999"):
            self.assertEqual(made(number), Decimal(number))
        self.assertIsNone(made(""))
        for number in ("0.1234", "1234567890123456", "1e3"):
            with self.assertRaisesRegex(Exception, "does not fit"):
                made(number)


if __name__ == "__main__":
    unittest.main()
