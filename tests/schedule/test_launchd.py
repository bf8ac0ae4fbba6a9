import plistlib
import subprocess

from rig.timers import NICE, recorded, recorder

from migrator.schedule.launchd import property_list


def test_the_property_list_holds_the_time_and_a_command_that_sh_starts_as_meant(timer, tmp_path):
    recorder(timer.root / "python", tmp_path / "started")
    timer.env_file.write_text("MY_SECRET='s3cret $1 %h \"'\n")
    read = plistlib.loads(property_list(timer).encode())
    assert read["Label"] == timer.name
    assert read["StartCalendarInterval"] == {"Hour": 3, "Minute": 30}
    assert subprocess.run(read["ProgramArguments"], env={}, check=False).returncode == 0
    words, environment = recorded(tmp_path / "started")
    assert words == ["-P", "-m", "migrator", *timer.arguments]
    assert environment.items() >= {**timer.environment, "NICE": NICE}.items()
    assert environment["MY_SECRET"] == 's3cret $1 %h "'
